/**
 * `bun container/context.ts [--executable FILE] [--libraries DIR] [--out DIR]` lays out what
 * container/Dockerfile copies. The image is FROM scratch, so that all of it is in sight, and
 * nothing is pulled. The same executable and libraries give the same context.
 *
 * An executable for another kind of machine needs --libraries: the folder that has its loader and
 * libc, such as /usr/aarch64-linux-gnu/lib of Debian's libc6-arm64-cross.
 */
import * as fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import tls from "node:tls";
import { parseArgs } from "node:util";
import { librariesOf } from "./libraries.ts";

const root = join(import.meta.dirname, "..");
const { values: flags } = parseArgs({
  options: {
    executable: { type: "string", default: join(root, "dist/lacuna") },
    libraries: { type: "string" },
    out: { type: "string", default: join(root, "dist/image") },
  },
});

/** glibc's copyright file on Debian and Ubuntu: the LGPL asks that it goes along. */
const notice = "/usr/share/doc/libc6/copyright";

/** Text files of the image. No home and no shell: /work is where a build may write. */
const texts: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0::/:/lacuna\nlacuna:x:65532:65532::/work:/lacuna\n",
  "etc/group": "root:x:0:\nlacuna:x:65532:\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  // Mozilla's, as Bun ships it: a machine's own list may hold an authority of its owner's.
  "etc/ssl/certs/ca-certificates.crt": tls.rootCertificates.map((one) => `${one}\n`).join(""),
};

try {
  layOut(resolve(flags.executable), flags.libraries, resolve(flags.out));
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

function layOut(executable: string, folder: string | undefined, out: string): void {
  if (!fs.existsSync(executable))
    throw new Error(`there is no ${executable}: bun build.ts --bare makes one`);
  const libraries = librariesOf(executable, folder);
  demandOurs(out);
  const building = `${out}.${process.pid}`;
  try {
    for (const [path, source] of libraries)
      put(join(building, "root", path), fs.readFileSync(source), 0o755);
    for (const [path, text] of Object.entries(texts)) put(join(building, "root", path), text);
    put(
      join(building, "root/usr/share/doc/lacuna/LICENSE"),
      fs.readFileSync(join(root, "LICENSE")),
    );
    if (fs.existsSync(notice)) put(join(building, "root", notice), fs.readFileSync(notice));
    fs.mkdirSync(join(building, "work"));
    put(join(building, "lacuna"), fs.readFileSync(executable), 0o755);
    age(building);
    fs.rmSync(out, { recursive: true, force: true });
    fs.renameSync(building, out);
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
  console.log(out);
}

/** What is there is replaced, so it has to be a context. */
function demandOurs(out: string): void {
  const found = fs.existsSync(out) ? fs.readdirSync(out) : [];
  const others = found.filter((name) => !["lacuna", "root", "work"].includes(name));
  if (others.length > 0) throw new Error(`${out} holds something else: ${others.join(", ")}`);
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
