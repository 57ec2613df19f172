/**
 * Whatever property of whatever object is changed, the fingerprint is another one, and tells which
 * object it is. One database an engine; each change is one transaction, which is rolled back, so a
 * change that stays would be told by all that come behind it.
 */
import { afterAll, expect, test } from "bun:test";
import { readSchema } from "../../src/catalog/schema.ts";
import { keyOf, type Schema, schemaDifferences, schemaDigest } from "../../src/core/schema.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import type { Session } from "../../src/ports.ts";
import { type Engine, type FreshDatabase, sessionOptions } from "../support/engines.ts";
import { everyday } from "./contract.ts";
import { everyKind } from "../support/every-kind.ts";
import type { Mutation } from "../support/mutation.ts";
import { mutations } from "../support/mutations.ts";

const patience = 60_000;

interface Stage {
  readonly fresh: FreshDatabase;
  readonly session: Session;
  readonly plain: Schema;
  readonly withGrants: Schema;
  readonly close: () => void;
}

const stages = new Map<Engine, Promise<Stage>>();
const queues = new Map<Engine, Promise<unknown>>();

const read = (session: Session, grants: boolean): Promise<Schema> =>
  readSchema(session, { tracker: defaultTracker, grants });

async function build(engine: Engine): Promise<Stage> {
  const fresh = await engine.fresh();
  await fresh.sql(everyKind);
  const { promise: isOver, resolve: close } = Promise.withResolvers<void>();
  const session = await new Promise<Session>((resolve, reject) => {
    fresh.database
      .session(sessionOptions, (opened) => {
        resolve(opened);
        return isOver;
      })
      .catch(reject);
  });
  const [plain, withGrants] = [await read(session, false), await read(session, true)];
  return { fresh, session, plain, withGrants, close };
}

/** On one engine one after the other, on all at the same time. */
function onStage(engine: Engine, body: (stage: Stage) => Promise<void>): () => Promise<void> {
  return () => {
    const stage = stages.get(engine) ?? build(engine);
    stages.set(engine, stage);
    const turn = (queues.get(engine) ?? Promise.resolve()).then(async () => body(await stage));
    queues.set(
      engine,
      turn.catch(() => undefined),
    );
    return turn;
  };
}

afterAll(async () => {
  for (const stage of stages.values()) {
    const { fresh, close } = await stage;
    close();
    await fresh[Symbol.asyncDispose]();
  }
}, patience);

/** NOT NULL is a constraint from 18 on, that of a domain from 17 on. */
function expectedOf({ tells }: Mutation, { major }: Engine): readonly string[] {
  const isTold = (line: string): boolean =>
    !line.startsWith("not null constraint") || major >= (line.endsWith("app.sure") ? 17 : 18);
  return tells.filter(isTold);
}

function whySkipped({ kind, major }: Engine, mutation: Mutation): string | undefined {
  if (kind === "pglite" && mutation.notInPglite !== undefined) return mutation.notInPglite;
  const { from = 14 } = mutation;
  return major < from ? `PostgreSQL has it from ${from} on` : undefined;
}

async function differencesBy(stage: Stage, mutation: Mutation): Promise<readonly string[]> {
  const { session } = stage;
  const grants = mutation.grants === true;
  await session.run(
    "begin; set local client_min_messages = warning; set local search_path = pg_catalog",
  );
  try {
    if (grants) await session.run("create role fingerprint_reader");
    if (mutation.before !== undefined) await session.run(mutation.before);
    const isAsBefore = mutation.before === undefined;
    const base = isAsBefore
      ? grants
        ? stage.withGrants
        : stage.plain
      : await read(session, grants);
    await session.run(mutation.sql);
    const changed = await read(session, grants);
    const differences = schemaDifferences(base, changed).map(keyOf);
    expect(schemaDigest(changed) === schemaDigest(base)).toBe(differences.length === 0);
    return differences;
  } finally {
    await session.undo();
  }
}

for (const mutation of mutations) {
  for (const engine of everyday) {
    const title = `${engine.name} > ${mutation.tells.length === 0 ? "untold" : "told"}: ${mutation.name}`;
    const reason = whySkipped(engine, mutation);
    if (reason !== undefined) {
      test.skip(`${title} [${reason}]`, () => undefined);
      continue;
    }
    test.concurrent(
      title,
      onStage(engine, async (stage) => {
        expect(await differencesBy(stage, mutation)).toEqual([...expectedOf(mutation, engine)]);
      }),
      patience,
    );
  }
}

test.each(everyday)("$name > in the end all is as it was", async (engine) => {
  await onStage(engine, async ({ session, plain, withGrants }) => {
    expect(schemaDifferences(plain, await read(session, false))).toEqual([]);
    expect(schemaDifferences(withGrants, await read(session, true))).toEqual([]);
  })();
});
