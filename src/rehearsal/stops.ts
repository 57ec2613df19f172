/**
 * Proves that a `no-transaction` file can be resumed: the runner is stopped before and after each
 * of its statements, as kill -9 would do it, and runs again.
 */
import type { StatementScript, Step } from "../core/script.ts";
import { type Database, type Session, SqlError } from "../ports.ts";

interface Stop {
  readonly sql: string;
  readonly when: "before" | "after";
}

export interface Stops {
  /** How often the runner was stopped so far. */
  readonly count: number;
  /** Every session of it ends where the next stop is. */
  readonly database: Database;
  /** The file that is to be stopped from now on. */
  arm(script: StatementScript): void;
}

/**
 * CALL and DO may commit by themselves, so nobody knows how far a stopped one came: a person
 * decides then, and there is nothing to prove. SET is repeated by every resumed run anyway.
 */
export function canBeStopped({ migration }: StatementScript, { statement }: Step): boolean {
  if (statement.kind === "setting") return false;
  return statement.kind !== "procedural" || migration.directives.rerunnable;
}

/** Databases, tablespaces and subscriptions are not looked at by a rerun: a person does that. */
function canBeRepeated(statement: Step["statement"]): boolean {
  return (
    statement.kind !== "outside" || !/\b(?:DATABASE|TABLESPACE|SUBSCRIPTION)$/.test(statement.what)
  );
}

export function stoppingDatabase(database: Database): Stops {
  let stops: Stop[] = [];
  let count = 0;
  const stopped = (): SqlError => {
    stops.shift();
    count++;
    const message = "stopped by the rehearsal";
    return new SqlError("lost", { severity: "FATAL", code: "REHEARSAL_STOP", message });
  };
  const stoppingSession = (session: Session): Session => {
    let isStopped: SqlError | undefined;
    return {
      ...session,
      async run(script, onNotice) {
        if (isStopped !== undefined) throw isStopped;
        const [next] = stops;
        if (next === undefined || !script.includes(next.sql)) return session.run(script, onNotice);
        if (next.when === "after") await session.run(script, onNotice);
        isStopped = stopped();
        throw isStopped;
      },
      rows(script) {
        return isStopped === undefined ? session.rows(script) : Promise.reject(isStopped);
      },
    };
  };
  return {
    database: {
      label: database.label,
      session: (options, work) =>
        database.session(options, (session) => work(stoppingSession(session))),
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    },
    get count() {
      return count;
    },
    arm(script) {
      stops = script.steps
        .filter((step) => canBeStopped(script, step))
        .flatMap(({ sql, statement }): Stop[] => [
          { sql, when: "before" },
          ...(canBeRepeated(statement) ? [{ sql, when: "after" } as const] : []),
        ]);
    },
  };
}
