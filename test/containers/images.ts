/** The images are built, hold what they must and nothing else, and are small. */
import * as fs from "node:fs";
import { join } from "node:path";
import { productVersion } from "../../src/product.ts";
import { buildExecutable } from "../cli/executable.ts";
import { demandEqual } from "../support/demand.ts";
import { run } from "../support/run.ts";
import type { Suite } from "../support/suite.ts";
import { demand } from "./ground.ts";
import type { Engine } from "./engine.ts";

const root = join(import.meta.dirname, "../..");
const released = `lacuna:${productVersion}`;
const base = `${released}-base`;
const ownMb = 5;

/** Loader, libc and what goes with it; their folders differ from system to system. */
const contents = [
  /^lacuna$/,
  /^etc\/(?:group|nsswitch\.conf|passwd|ssl\/certs\/ca-certificates\.crt)$/,
  /^lib[^.]*\/(?:ld-linux-.*|lib(?:c|dl|m|pthread))\.so\.\d$/,
  /^usr\/share\/doc\/(?:lacuna\/(?:LICENSE|THIRD-PARTY-LICENSES|lacuna\.cdx\.json)|libc\/copyright)$/,
];

/** The image with the example history, made by what users copy; undefined where it could not be. */
export async function buildImages({ check }: Suite, engine: Engine): Promise<string | undefined> {
  const migrator = "migrator";
  let isBuilt = false;
  const context = join(engine.folder, "context");
  const executable = buildExecutable(engine.folder, "--bare");
  const dockerfile = join(root, "container/Dockerfile");
  const version = ["--build-arg", `VERSION=${productVersion}`];

  await check("the image of a released executable builds", async () => {
    layOut(executable, context);
    await engine.build(base, dockerfile, context, ...version, "--target", "base");
    await engine.build(released, dockerfile, context, ...version);
    return demand(await engine.podman("run", "--rm", released, "--version"), 0, productVersion);
  });
  await check("the same again has the same layers", async () => {
    const again = join(engine.folder, "again");
    layOut(executable, again);
    await engine.build("again", dockerfile, again, ...version);
    const [one, other] = await Promise.all([layersOf(engine, released), layersOf(engine, "again")]);
    demandEqual(other, one);
  });
  await check("the image with migrations builds, by the Dockerfile that users copy", async () => {
    const users = join(engine.folder, "users");
    fs.cpSync(join(root, "migrations"), join(users, "migrations"), { recursive: true });
    await engine.build(migrator, join(root, "container/Dockerfile.migrations"), users);
    isBuilt = true;
  });
  if (!isBuilt) return undefined;
  await check("an executable made elsewhere, laid on the base, has the same layers", async () => {
    const made = join(engine.folder, "made");
    fs.mkdirSync(made);
    const out = join(made, "lacuna");
    run(executable, ["build", "--migrations", "migrations", "--out", out], { cwd: root });
    fs.writeFileSync(join(made, "Dockerfile"), `FROM ${base}\nCOPY --chown=0:0 lacuna /lacuna\n`);
    await engine.build("elsewhere", join(made, "Dockerfile"), made);
    const [one, other] = await Promise.all([
      layersOf(engine, migrator),
      layersOf(engine, "elsewhere"),
    ]);
    demandEqual(other, one);
  });
  for (const image of [released, migrator]) {
    await check(`${image}: at most ${ownMb} MB more than its executable`, async () => {
      const bytes = Number(await engine.ask("image", "inspect", "--format", "{{.Size}}", image));
      const files = await filesOf(engine, image);
      const inside = files.find(({ path }) => path === "lacuna")?.bytes ?? 0;
      const [all, own] = [bytes / 1e6, (bytes - inside) / 1e6];
      const said = `${all.toFixed(1)} MB, ${own.toFixed(2)} MB of it not the executable`;
      if (own > ownMb || own < 1) throw new Error(said);
      return said;
    });
    await check(`${image}: nothing else is in it, and all but work/ is root's`, async () => {
      const all = await filesOf(engine, image);
      const isFolder = (one: ImageFile): boolean => one.path.endsWith("/");
      const files = all.filter((one) => !isFolder(one));
      const strangers = files.filter(({ path }) => !contents.some((one) => one.test(path)));
      demandEqual(strangers, []);
      const empty = all.filter(
        (one) => isFolder(one) && !files.some(({ path }) => path.startsWith(one.path)),
      );
      demandEqual(empty.map(rights), ["drwxr-xr-x 65532/65532 work/"]);
      const writable = all.filter(
        ({ owner, mode }) => owner !== "0/0" || !/^[-d].{4}-.{2}-.$/.test(mode),
      );
      demandEqual(writable, empty);
      return `${files.length} files`;
    });
    await check(`${image}: its user is a number, not root's`, async () => {
      const user = await engine.ask("image", "inspect", "--format", "{{.Config.User}}", image);
      demandEqual(user, "65532:65532");
    });
  }
  return migrator;
}

function layOut(executable: string, out: string): void {
  const script = join(root, "container/context.ts");
  run(process.execPath, [script, "--executable", executable, "--out", out]);
}

function layersOf(engine: Engine, image: string): Promise<string> {
  return engine.ask("image", "inspect", "--format", "{{.RootFS.Layers}}", image);
}

interface ImageFile {
  readonly mode: string;
  readonly owner: string;
  readonly bytes: number;
  readonly path: string;
}

function rights({ mode, owner, path }: ImageFile): string {
  return `${mode} ${owner} ${path}`;
}

/** Folders too: their paths end in a slash. */
async function filesOf(engine: Engine, image: string): Promise<readonly ImageFile[]> {
  const container = await engine.ask("create", image);
  const archive = join(engine.folder, `${image.replaceAll(":", "-")}.tar`);
  await engine.ask("export", "--output", archive, container);
  await engine.ask("rm", container);
  const list = run("tar", ["--list", "--verbose", "--numeric-owner", "--file", archive]);
  fs.rmSync(archive);
  return list
    .trim()
    .split("\n")
    .map((line) => {
      const [mode = "", owner = "", bytes, , , path = ""] = line.split(/ +/);
      return { mode, owner, bytes: Number(bytes), path };
    });
}
