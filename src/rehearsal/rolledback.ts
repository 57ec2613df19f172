/**
 * A session inside one transaction that is rolled back, whatever happens: at the end, by the
 * server when the connection ends, and by ROLLBACK TO after each message that failed.
 *
 * `migrate` works with it as with any other. Each of its messages stands on a savepoint of its
 * own: a failed one is taken back alone, what only read is taken back too (its SET LOCAL with
 * it), and what wrote is kept for the migrations behind it. Between two messages the session is
 * reset, as COMMIT and the runner would do it.
 */
import { type Own, resetScript } from "../apply/context.ts";
import { savepointBracket } from "../ledger/rehearsal.ts";
import { type Database, Refusal, type Session, SqlError } from "../ports.ts";

export async function inRollback<T>(
  real: Session,
  own: Own,
  work: (rehearsing: Session) => Promise<T>,
): Promise<T> {
  const [begun] = await real.rows("begin; select pg_catalog.pg_current_xact_id()::text as xid");
  const xid = begun?.[0]?.["xid"];
  let last: keyof typeof endOf = "none";

  /** Ends the message before, and proves that the transaction is still the one that was begun. */
  const endMessage = async (): Promise<void> => {
    const script = `${endOf[last]}${resetScript(own)}; ${whichTransaction}; savepoint lacuna_message`;
    let found: string | null | undefined;
    try {
      found = (await real.rows(script)).at(-1)?.[0]?.["xid"];
    } catch (error) {
      if (!(error instanceof SqlError) || !transactionIsGone.has(error.server.code)) throw error;
    }
    if (found !== xid) throw new Refusal([{ code: "rehearsal-broken", during: undefined }]);
  };
  const rehearsing: Session = {
    ...real,
    bracket: savepointBracket,
    async run(script, onNotice) {
      await endMessage();
      last = "undone";
      const results = await real.run(script, onNotice);
      last = "kept";
      return results;
    },
    async rows(script) {
      await endMessage();
      last = "undone";
      return real.rows(script);
    },
    undo() {
      last = "undone";
      return Promise.resolve();
    },
  };
  try {
    const result = await work(rehearsing);
    await endMessage().catch(unlessLost);
    return result;
  } finally {
    // The end of the connection would do it as well.
    await real.undo().catch(() => undefined);
  }
}

/** With its connection the transaction is gone too, and nothing of it is kept. */
function unlessLost(error: unknown): void {
  if (!(error instanceof SqlError) || error.kind !== "lost") throw error;
}

/** The same session for everybody who asks the database for one. */
export function databaseIn(session: Session, label: string): Database {
  return {
    label,
    async session(options, work) {
      return work({ ...session, opening: await session.rows(options.opening) });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const endOf = {
  none: "",
  kept: "release savepoint lacuna_message; ",
  undone: "rollback to savepoint lacuna_message; release savepoint lacuna_message; ",
} as const;

const whichTransaction = "select pg_catalog.pg_current_xact_id_if_assigned()::text as xid";
/** No transaction, or one that does not know the savepoint. */
const transactionIsGone: ReadonlySet<string> = new Set(["25P01", "3B001"]);
