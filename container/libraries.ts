/** The loader and the libraries of an executable: where they are, and where an image needs them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type ElfFile, readElf } from "./elf.ts";

/** Path in the image → path on this machine; links are not resolved. */
export type Libraries = ReadonlyMap<string, string>;

/**
 * @param folder Where the libraries of another kind of machine are, for its executables; undefined
 *   takes those that this machine has.
 * @throws Error that names what is missing.
 */
export function librariesOf(executable: string, folder?: string): Libraries {
  const elf = readElf(executable);
  if (elf?.interpreter === undefined)
    throw new Error(`${executable} is no 64-bit Linux executable that names a loader`);
  const { machine, interpreter } = elf;
  const folders =
    folder === undefined
      ? [dirname(interpreter), ...systemFolders(["/lib", "/usr/lib"])]
      : [folder];
  const loader = found(basename(interpreter), machine, folders).path;
  const into = searchedBy(loader);
  const libraries = new Map([[interpreter, loader]]);
  const waiting = [...elf.needed];
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const target = join(into, name);
    // Libraries name the loader too, which is loaded already.
    if (name === basename(interpreter) || libraries.has(target)) continue;
    const library = found(name, machine, folders);
    if (name === "libc.so.6") demandNames(library.path);
    libraries.set(target, library.path);
    waiting.push(...library.elf.needed);
  }
  return libraries;
}

/** Debian and Ubuntu have a folder for each kind of machine, others lib and lib64. */
function systemFolders(parents: readonly string[]): readonly string[] {
  return parents.flatMap((parent) => {
    const own = existsSync(parent) ? readdirSync(parent) : [];
    const triplets = own.filter((name) => /-linux-(?:gnu|musl)$/.test(name)).toSorted();
    return [...triplets.map((name) => join(parent, name)), `${parent}64`, parent];
  });
}

function found(
  name: string,
  machine: number,
  folders: readonly string[],
): { readonly path: string; readonly elf: ElfFile } {
  for (const path of folders.map((folder) => join(folder, name))) {
    const elf = existsSync(path) ? readElf(path) : undefined;
    if (elf?.machine === machine) return { path, elf };
  }
  throw new Error(
    `${name} for this kind of machine is not in ${folders.join(", ")}: name its folder with --libraries`,
  );
}

/**
 * The first folder that the loader searches with no cache: /lib/x86_64-linux-gnu/ on Debian,
 * /lib64/ on Fedora. glibc has them as a run of strings, musl as one path, /lib:….
 */
function searchedBy(loader: string): string {
  const text = readFileSync(loader, "latin1");
  return /\0(\/lib[\w/.-]*\/)(?=\0)/.exec(text)?.[1] ?? "/lib";
}

/** Up to glibc 2.33 host names were resolved by further files, which nothing here would find. */
function demandNames(libc: string): void {
  if (!readFileSync(libc, "latin1").includes("_nss_dns_gethostbyname"))
    throw new Error(`${libc} cannot resolve host names by itself: take glibc 2.34 or newer`);
}
