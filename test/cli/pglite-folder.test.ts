/** One folder of an embedded Postgres and several processes: none of them spoils it, dead or alive. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "./executable.ts";

const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-pglite-folder-"));
const migrations = join(temporary, "migrations");
let executable = process.env["LACUNA_EXECUTABLE"] ?? "";

/** Again: `LACUNA_SEED=N bun test test/cli/pglite-folder.test.ts`. */
const seed = Number(process.env["LACUNA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const rounds = 6;
const count = 6;

beforeAll(() => {
  if (executable === "") executable = buildExecutable(temporary);
  fs.mkdirSync(migrations);
  const write = (version: number, text: string): void =>
    fs.writeFileSync(join(migrations, `${version}_effect.sql`), text);
  write(1, "create table effects (version int);\ninsert into effects values (1);\n");
  for (let version = 2; version <= count; version++) {
    write(version, `insert into effects values (${version}); select pg_sleep(0.03);\n`);
  }
  // It fails unless each effect is there once.
  fs.mkdirSync(join(temporary, "looks"));
  for (const name of fs.readdirSync(migrations)) {
    fs.copyFileSync(join(migrations, name), join(temporary, "looks", name));
  }
  fs.writeFileSync(
    join(temporary, "looks", `${count + 1}_looks.sql`),
    `select 1 / (count(*) = ${count} and count(distinct version) = ${count})::int from effects;\n`,
  );
}, 60_000);
afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

function start(
  folder: string,
  set = migrations,
  ...more: readonly string[]
): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  const argv = ["up", "--migrations", set, "--database-url", `pglite:${folder}`, ...more];
  return Bun.spawn([executable, ...argv], {
    cwd: temporary,
    env: {},
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function ended(child: ReturnType<typeof start>): Promise<{ exitCode: number; text: string }> {
  const [out, err, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, text: out + err };
}

async function isWhole(folder: string): Promise<void> {
  const { exitCode, text } = await ended(start(folder, join(temporary, "looks")));
  expect({ exitCode, text }).toMatchObject({ exitCode: 0 });
  expect(text).toContain(`applied ${count + 1}_looks`);
}

test("of several at once all come to their end, and each migration is applied once", async () => {
  const said = await Promise.all([1, 2, 3].map(() => ended(start("./shared"))));
  expect(said.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  const applied = said.flatMap(({ text }) => text.match(/^applied \d+_effect/gm) ?? []);
  expect(applied.toSorted()).toEqual(
    Array.from({ length: count }, (_, index) => `applied ${index + 1}_effect`),
  );
  await isWhole("./shared");
}, 120_000);

test("who comes while another is at work is told who it is, and changes nothing", async () => {
  // A process of somebody else's, and alive.
  const other = Bun.spawn(["sleep", "60"]);
  try {
    fs.writeFileSync(join(temporary, "held.lock"), `${other.pid}\n`);
    const { exitCode, text } = await ended(
      start("./held", migrations, "--connect-timeout", "500ms"),
    );
    expect(exitCode).not.toBe(0);
    expect(text).toContain(`process ${other.pid} is at work on it`);
    expect(fs.existsSync(join(temporary, "held"))).toBe(false);
    expect(fs.readFileSync(join(temporary, "held.lock"), "utf8")).toBe(`${other.pid}\n`);
  } finally {
    other.kill();
    await other.exited;
  }
  // Now the lock is a dead one's.
  expect((await ended(start("./held"))).exitCode).toBe(0);
  await isWhole("./held");
}, 120_000);

test(`killed ${rounds} times at random moments: the next run finishes (seed ${seed})`, async () => {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const begun = performance.now();
  expect((await ended(start("./measured"))).exitCode).toBe(0);
  const wholeMs = performance.now() - begun;
  let killed = 0;
  for (let round = 0; round < rounds; round++) {
    const folder = `./round-${round}`;
    const child = start(folder);
    await Bun.sleep(random() * wholeMs);
    child.kill("SIGKILL");
    await child.exited;
    if (child.signalCode === "SIGKILL") killed++;
    const { exitCode, text } = await ended(start(folder));
    expect({ round, exitCode, text }).toMatchObject({ round, exitCode: 0 });
    await isWhole(folder);
    fs.rmSync(join(temporary, folder), { recursive: true });
  }
  expect(killed).toBeGreaterThan(rounds / 2);
}, 400_000);
