/** What the applied migrations make, in an empty database, read as the real one was read. */
import { isPrinted, printAgain, type Printed, readPrinted } from "../catalog/printed.ts";
import { readSchema, type SchemaOptions } from "../catalog/schema.ts";
import { connectToRead } from "../connect.ts";
import type { MigrationSet } from "../core/migration.ts";
import { appliedOrder, type Base } from "../core/order.ts";
import { keyOf, type Schema, schemaDifferences } from "../core/schema.ts";
import type { PrintedAlike, Unreplayed } from "../core/told-apart.ts";
import type { Facts } from "../ledger/facts.ts";
import { Refusal, type Session } from "../ports.ts";
import type { RehearsalRequest } from "../request.ts";
import { withRoles } from "./methods.ts";
import type { Rehearsal } from "./rehearse.ts";
import { replay } from "./replay.ts";

/** A database's schema, and the parts of it that an engine may print otherwise. */
export interface Described {
  readonly schema: Schema;
  readonly printed: readonly Printed[];
  readonly major: number;
  readonly serverVersion: string;
}

export interface Expected {
  readonly schema: Schema;
  readonly major: number;
  readonly serverVersion: string;
  readonly printedAlike: ReadonlyMap<string, PrintedAlike>;
  readonly unreplayed: readonly Unreplayed[];
}

/**
 * @param rehearsal Its world's database is empty, and is left as the migrations make it.
 * @param actual What the result is going to be compared with.
 * @throws Refusal where an applied migration fails, and not for a lack of this engine.
 */
export async function makeExpected(
  rehearsal: Rehearsal,
  set: MigrationSet,
  base: Base,
  actual: Described,
  request: SchemaOptions & Pick<RehearsalRequest, "roles" | "connectTimeoutMs">,
): Promise<Expected> {
  const database = withRoles(rehearsal.world.database, request.roles);
  const world = { ...rehearsal.world, database };
  // The embedded engine is started with all extensions of the set, though a part of it runs first.
  await connectToRead(world, request, set, () => Promise.resolve());
  const order = appliedOrder(base, set);
  const { verdicts, problem } = await replay({ ...rehearsal, world }, set, order);
  if (problem !== undefined) throw new Refusal([problem]);
  const failed = verdicts.find((one) => one.result === "failed");
  if (failed?.result === "failed") {
    throw new Refusal([{ code: "base-failed", id: failed.migration.id }, failed.problem]);
  }
  const unreplayed = verdicts.flatMap((one): Unreplayed[] =>
    one.result === "not verified" ? [{ migration: one.migration, reason: one.reason }] : [],
  );
  return connectToRead(world, request, set, async (session, facts) => {
    const made = await describe(session, facts, request);
    const printedAlike = await printAlike(session, made, actual);
    const { schema, major, serverVersion } = made;
    return { schema, major, serverVersion, printedAlike, unreplayed };
  });
}

export async function describe(
  session: Session,
  facts: Pick<Facts, "server" | "serverVersion">,
  options: SchemaOptions,
): Promise<Described> {
  return {
    schema: await readSchema(session, options),
    printed: await readPrinted(session),
    major: Math.floor(facts.server.versionNumber / 10_000),
    serverVersion: facts.serverVersion,
  };
}

/** What differs as it is printed, read and printed again by this session's engine. */
async function printAlike(
  session: Session,
  made: Described,
  actual: Described,
): Promise<ReadonlyMap<string, PrintedAlike>> {
  const alike = new Map<string, PrintedAlike>();
  for (const difference of schemaDifferences(made.schema, actual.schema).filter(isPrinted)) {
    const { kind, left, right } = difference;
    if (left === undefined || right === undefined) continue;
    alike.set(keyOf(difference), {
      expected: await printAgain(session, kind, left, made.printed),
      actual: await printAgain(session, kind, right, actual.printed),
    });
  }
  return alike;
}
