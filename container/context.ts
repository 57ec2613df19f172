/**
 * `bun container/context.ts [--executable FILE] [--libraries DIR] [--notice FILE] [--out DIR]` lays
 * out what container/Dockerfile copies. The image is FROM scratch, so that all of it is in sight,
 * and nothing is pulled. The same executable and libraries give the same context.
 *
 * An executable for another kind of machine needs --libraries: the folder that has its loader and
 * libc, such as /usr/aarch64-linux-gnu/lib of Debian's libc6-arm64-cross; and --notice, libc's
 * licence, such as that package's /usr/share/doc/libc6-arm64-cross/copyright, unless the folder has
 * it as `copyright`.
 */
import * as fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import tls from "node:tls";
import { parseArgs } from "node:util";
import { Failure } from "../build/failure.ts";
import { papers } from "../build/papers.ts";
import { replaceFolder } from "../build/place.ts";
import { librariesOf } from "./libraries.ts";

const root = join(import.meta.dirname, "..");
const { values: flags } = parseArgs({
  options: {
    executable: { type: "string", default: join(root, "dist/lacuna") },
    libraries: { type: "string" },
    notice: { type: "string" },
    out: { type: "string", default: join(root, "dist/image") },
  },
});

const documents = "root/usr/share/doc/lacuna";

/** Text files of the image. No home and no shell: /work is where a build may write. */
const texts: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0::/:/lacuna\nlacuna:x:65532:65532::/work:/lacuna\n",
  "etc/group": "root:x:0:\nlacuna:x:65532:\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  // Mozilla's, as Bun ships it: a machine's own list may hold an authority of its owner's.
  "etc/ssl/certs/ca-certificates.crt": tls.rootCertificates.map((one) => `${one}\n`).join(""),
};

try {
  layOut(resolve(flags.executable), resolve(flags.out));
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Failure) console.error(`\nhint: ${error.hint}`);
  process.exit(1);
}

function layOut(executable: string, out: string): void {
  if (!fs.existsSync(executable))
    throw new Failure(`there is no ${executable}`, "bun build.ts --bare makes one");
  demandContext(out);
  const libraries = librariesOf(executable, flags.libraries);
  const notice = noticeOf(flags.libraries);
  const building = `${out}.${process.pid}`;
  try {
    for (const [path, source] of libraries)
      put(join(building, "root", path), fs.readFileSync(source), 0o755);
    for (const [path, text] of Object.entries(texts)) put(join(building, "root", path), text);
    for (const { name, bytes } of papers().filter((one) => isDocument(one.name)))
      put(join(building, documents, name), bytes);
    put(join(building, "root/usr/share/doc/libc/copyright"), notice);
    fs.mkdirSync(join(building, "work"));
    put(join(building, "lacuna"), fs.readFileSync(executable), 0o755);
    age(building);
    replaceFolder(building, out);
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
  console.log(out);
}

/** What is there is replaced, so it has to be a context, with all that makes one and no more. */
function demandContext(out: string): void {
  const found = fs.existsSync(out) ? fs.readdirSync(out).toSorted() : [];
  const isOurs =
    found.join() === "lacuna,root,work" &&
    fs.existsSync(join(out, documents, "LICENSE")) &&
    fs.readdirSync(join(out, "work")).length === 0;
  if (found.length > 0 && !isOurs)
    throw new Failure(
      `${out} holds something else than a context: ${found.join(", ")}`,
      "a context is a folder of its own; name another with --out",
    );
}

/** The LGPL asks that it goes along with the libc. */
function noticeOf(folder: string | undefined): Uint8Array {
  // Debian and Ubuntu have this machine's own there.
  const usual = join(folder ?? "/usr/share/doc/libc6", "copyright");
  const path = flags.notice ?? usual;
  if (!fs.existsSync(path))
    throw new Failure(
      `there is no ${path}, the licence of the C library`,
      "it has to be in the image too: name its file with --notice",
    );
  return fs.readFileSync(path);
}

function isDocument(name: string): boolean {
  return ["LICENSE", "THIRD-PARTY-LICENSES", "lacuna.cdx.json"].includes(name);
}

function put(path: string, content: string | Uint8Array, mode = 0o644): void {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  fs.writeFileSync(path, content);
  // Whatever the umask is.
  fs.chmodSync(path, mode);
}

/** Modes and times are part of an image's digest. */
function age(path: string): void {
  if (fs.statSync(path).isDirectory()) {
    fs.chmodSync(path, 0o755);
    for (const name of fs.readdirSync(path)) age(join(path, name));
  }
  fs.utimesSync(path, 0, 0);
}
