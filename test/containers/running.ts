/** Within limits, on a file system that nobody may write to. */
import * as fs from "node:fs";
import { join } from "node:path";
import { demandEqual } from "../support/demand.ts";
import { freshDatabase, type TestDatabase } from "../support/servers.ts";
import type { Ended } from "./engine.ts";
import { demand, type Ground, hardened, variable } from "./ground.ts";
import { memoryGroup } from "./memory.ts";

const limit = "64m";

export async function checkRunning(ground: Ground): Promise<void> {
  const { suite, engine, server } = ground;
  const { check } = suite;
  await using database = await freshDatabase(server);
  const given = [...hardened, ...variable("DATABASE_URL", database.url)];

  const isLimited = await limitsHold(ground);
  using group = memoryGroup(limit);
  const limits = isLimited ? group.flags : [];
  await check(
    `up within ${isLimited ? limit : "no limit"} of memory, nothing writable`,
    async () => {
      demand(await run(ground, [...given, ...limits], "up"), 0, "23 migrations");
      return isLimited ? `peak ${group.peakMib()} MiB` : undefined;
    },
  );
  if (isLimited) await check("half of it is too little, which is no bug", () => tooLittle(ground));
  await check("status --check agrees", async () =>
    demand(await run(ground, [...given, ...limits], "status --check"), 0),
  );
  await check("nothing is written, where it could be either", () => written(ground));
  await check("there is no shell", async () => {
    for (const shell of ["/bin/sh", "/bin/bash", "/busybox/sh"])
      demand(await run(ground, [...hardened, `--entrypoint=${shell}`], "-c true"), 127);
  });
  await check("without a command it gives help, and migrates nothing", async () => {
    await using other = await freshDatabase(server);
    const url = variable("DATABASE_URL", other.url);
    demand(await run(ground, [...hardened, ...url]), 0, "Usage: lacuna <command>");
    demand(await run(ground, [...hardened, ...url], "status --check"), 3);
  });
  await check("its --version has the digest of the folder's plan", async () => {
    const folder = join(import.meta.dirname, "../../migrations");
    const mounted = [...given, `--volume=${folder}:/elsewhere:ro`];
    const plan = demand(await run(ground, mounted, "plan --json --migrations /elsewhere"), 0);
    const { set } = JSON.parse(plan) as { readonly set: { digest: string } };
    demand(await run(ground, hardened, "--version"), 0, set.digest);
    return set.digest;
  });
  await check("DATABASE_URL_FILE: a file that its user alone may read", () =>
    readSecret(ground, join(engine.folder, "url"), database),
  );
}

/** A limit that is not kept proves nothing: what needs more has to be killed by it. */
async function limitsHold(ground: Ground): Promise<boolean> {
  const { check, skip } = ground.suite;
  const title = `${limit} is a limit that kills: verify, with its Postgres inside, needs more`;
  using group = memoryGroup(limit);
  const limited = await run(ground, group.flags, "verify --quiet");
  // Of podman itself: the group could not be made.
  const isRefused = limited.exitCode === 125;
  if (limited.exitCode === 0 || isRefused) {
    skip(title, isRefused ? limited.stderr.trim() : "this machine does not keep it");
    return false;
  }
  await check(title, async () => {
    demand(limited, 137);
    using wider = memoryGroup("1g");
    demand(await run(ground, wider.flags, "verify --quiet"), 0);
    return `with 1g its peak is ${wider.peakMib()} MiB`;
  });
  return true;
}

async function tooLittle(ground: Ground): Promise<void> {
  await using database = await freshDatabase(ground.server);
  using group = memoryGroup("32m");
  const url = variable("DATABASE_URL", database.url);
  const ended = await run(ground, [...hardened, ...group.flags, ...url], "up");
  // Killed, where the rest of it does not fit either.
  if (ended.exitCode !== 137) demand(ended, 2, "Cannot load PostgreSQL's SQL parser");
}

async function written(ground: Ground): Promise<void> {
  const { engine, server, image } = ground;
  await using database = await freshDatabase(server);
  const changes = async (flags: readonly string[], command: string): Promise<string> => {
    const container = await engine.ask("create", ...flags, image, ...command.split(" "));
    await engine.ask("start", "--attach", container);
    const found = await engine.ask("diff", container);
    await engine.ask("rm", container);
    return found;
  };
  const url = [
    ...variable("DATABASE_URL", database.url),
    ...variable("TEST_DATABASE_URL", database.url),
  ];
  // What podman lays out itself, as a point to mount /etc/hosts on.
  const [nothing, hardenedNothing] = [
    await changes([], "--version"),
    await changes(hardened, "--version"),
  ];
  demandEqual(await changes([...hardened, ...url], "up --quiet"), hardenedNothing);
  demandEqual(await changes(url, "smoke --quiet --require-database"), nothing);
  const seen = await changes([], "new control --migrations /work");
  if (!seen.includes("/work/")) throw new Error(`a file that was written is not seen: ${seen}`);
}

async function readSecret(ground: Ground, file: string, { url }: TestDatabase): Promise<void> {
  fs.writeFileSync(file, `${url}\n`);
  fs.chownSync(file, 65_532, 65_532);
  fs.chmodSync(file, 0o400);
  const secret = [
    `--volume=${file}:/run/secrets/url:ro`,
    ...variable("DATABASE_URL_FILE", "/run/secrets/url"),
  ];
  demand(await run(ground, [...hardened, ...secret], "status --check"), 0);
  const stranger = await run(ground, [...hardened, "--user=65533", ...secret], "status --check");
  demand(stranger, 2, "/run/secrets/url cannot be read");
}

/** No argument has a blank in it. */
function run(
  { engine, image }: Ground,
  flags: readonly string[],
  command?: string,
): Promise<Ended> {
  return engine.podman("run", "--rm", ...flags, image, ...(command?.split(" ") ?? []));
}
