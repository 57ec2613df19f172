/**
 * What the pods of examples/kubernetes run, and what a workflow asks production, run: on a real
 * server, by the roles that they have.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import postgres from "postgres";
import { folderOf } from "../support/folders.ts";
import { freshDatabase, startServer, type TestServer } from "../support/servers.ts";
import { linesOf } from "./command-line.ts";
import { documentsOf, textOf } from "./documents.ts";
import { manifestOf, podOf } from "./manifest.ts";

const root = join(import.meta.dirname, "../..");
const patience = 60_000;
// A server of its own: the roles that are made here are the whole server's.
let server: TestServer;

beforeAll(async () => {
  server = await startServer(18);
}, patience);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

test(
  "init-container.yaml: three pods at once, and each finds everything applied",
  async () => {
    await using database = await freshDatabase(server);
    const [argv = []] = argumentsIn("kubernetes/init-container.yaml");
    await using stack = new AsyncDisposableStack();
    const pods = [1, 2, 3].map(() => stack.use(run(argv, database.url)));
    expect(await Promise.all(pods.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const said = pods.map(({ said: text }) => text()).toSorted();
    expect(said.filter((text) => text.includes("nothing to do"))).toHaveLength(2);
    expect(said.filter((text) => text.includes("migrations applied"))).toHaveLength(1);
  },
  patience,
);

test(
  "job-and-wait.yaml: who may only read waits for the Job",
  async () => {
    const text = textOf("kubernetes/job-and-wait.yaml");
    const [migrating = [], waiting = []] = argumentsIn("kubernetes/job-and-wait.yaml");
    const grant = /^# {3}(alter default privileges .*;)$/m.exec(text)?.[1] ?? "";
    await using database = await freshDatabase(server);
    await query(database.url, `create role app login; ${grant}`);
    const url = database.url.replace("postgres@", "app@");
    await using intruder = run(migrating, url);
    expect(await intruder.ended).toBe(2);
    expect(intruder.said()).toContain('it lacks CREATE on schema "public"');
    await using pod = run(waiting, url);
    await pod.says("waiting:");
    await using job = run(migrating, database.url);
    expect(await job.ended).toBe(0);
    expect(await pod.ended).toBe(0);
  },
  patience,
);

test(
  "serve.yaml: not ready, migrated, ready, and gone with SIGTERM",
  async () => {
    await using database = await freshDatabase(server);
    const [argv = []] = argumentsIn("kubernetes/serve.yaml");
    await using pod = run(
      [...argv.filter((word) => word !== "--port=8080"), "--port=0"],
      database.url,
    );
    const url = `http://127.0.0.1:${await pod.says(/listening on http:\S*:([0-9]+)/)}`;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await pod.says("migrations applied");
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    pod.child.kill("SIGTERM");
    expect(await pod.ended).toBe(143);
  },
  patience,
);

test(
  "github-pull-request.yml: the right to read the tracker is enough",
  async () => {
    const text = textOf("github-pull-request.yml");
    const grants = [...text.matchAll(/^ +# {3}(grant .*;)$/gm)].map((match) => match[1]);
    const line = /^ +run: (.* --applied-from .*)$/m.exec(text)?.[1] ?? "";
    await using database = await freshDatabase(server);
    const [migrating = []] = argumentsIn("kubernetes/job-and-wait.yaml");
    await using job = run(migrating, database.url);
    expect(await job.ended).toBe(0);
    await query(
      database.url,
      "create role reader login; delete from applied_migrations where version = (select max(version) from applied_migrations)",
    );
    const url = database.url.replace("postgres@", "reader@");
    const [verifying = []] = linesOf(line, { PRODUCTION_URL: url });
    await using refused = run(verifying, database.url);
    expect(await refused.ended).toBe(2);
    expect(refused.said()).toContain('it lacks SELECT on table "public"."applied_migrations"');
    await query(database.url, grants.join(" "));
    await using verified = run(verifying, database.url);
    expect(await verified.ended).toBe(0);
    expect(verified.said()).toMatch(/\b1 passed/);
  },
  patience,
);

/** Of each container that runs lacuna, in the order in which they stand there. */
function argumentsIn(file: string): readonly (readonly string[])[] {
  return documentsOf(textOf(file))
    .map((document) => podOf(manifestOf(document)))
    .flatMap((pod) => [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])])
    .flatMap(({ args }) => (args === undefined ? [] : [args]));
}

interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly said: () => string;
  /** Waits until it says so; gives the first group, or all of it. */
  says(pattern: string | RegExp): Promise<string>;
}

/** From the sources, with the repository's migrations, and the URL in a file as in a pod. */
function run(argv: readonly string[], url: string): Running {
  const secret = folderOf({ url: `${url}\n` });
  const child = spawn(process.execPath, ["src/main.ts", ...argv], {
    cwd: root,
    env: { DATABASE_URL_FILE: join(secret.path, "url") },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => (said += String(chunk)));
  }
  const ended = once(child, "close").then(([code]) => {
    secret[Symbol.dispose]();
    return code as unknown;
  });
  return {
    child,
    ended,
    said: () => said,
    async says(pattern) {
      for (;;) {
        const match = new RegExp(pattern).exec(said);
        if (match !== null) return match[1] ?? match[0];
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${said}`);
        await Bun.sleep(10);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function query(url: string, text: string): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  try {
    await sql.unsafe(text).simple();
  } finally {
    await sql.end();
  }
}
