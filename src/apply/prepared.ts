/**
 * What a session keeps prepared for a convoy (ledger/convoy.ts), and how it is put right between two
 * flights without losing that.
 */
import { mayPrepare } from "../core/pipelining.ts";
import type { TransactionScript } from "../core/script.ts";
import { prepareRecord, type Reset } from "../ledger/convoy.ts";
import { findKept, type Kept, setStatements } from "../ledger/settings.ts";
import { SqlError } from "../ports.ts";
import { type ApplyContext, resetBetween, resetOf } from "./context.ts";

export interface Prepared {
  /**
   * Called for each flight, in order, when it is sent.
   * @param isFollowed Whether one of its convoy comes behind it.
   */
  for(script: TransactionScript, isFollowed: boolean): ForFlight;
  /** The session is reset. @param isInTheWay What is prepared cannot be used in this run. */
  forget(isInTheWay: boolean): void;
}

interface ForFlight {
  /** The prepared record, where it may use it. */
  readonly record: string | undefined;
  /** What puts the session right behind it. */
  readonly reset: Reset;
}

/**
 * @param isOn Whether messages are sent ahead.
 * @param isConvoy Whether any flight of the run has one behind it.
 */
export async function newPrepared(
  context: ApplyContext,
  isOn: boolean,
  isConvoy: boolean,
): Promise<Prepared> {
  const { session, tracker, lockKey } = context;
  const whole = resetOf(context, true);
  const kept = isConvoy ? await keptOf(context) : undefined;
  if (!isConvoy) await nameSession(context, isOn);
  const { settings, configuredAt } = kept ?? { settings: context.settings, configuredAt: "0" };
  const name = `lacuna record ${crypto.randomUUID()}`;
  const preparing = ["deallocate all", prepareRecord({ name, tracker, lockKey, configuredAt })];
  const between = resetBetween(settings);
  const renewed: Reset = {
    script: [between.script, ...preparing].join("; "),
    statements: between.statements + preparing.length,
  };
  let isThere = false;
  let isRefused = isConvoy && kept === undefined;

  return {
    for(script, isFollowed) {
      if (isFollowed && !isThere && !isRefused) prepare();
      const mayChange = mayPrepare(script);
      const isKept = isFollowed && isThere;
      const flight = {
        record: isThere && !mayChange ? name : undefined,
        reset: isKept ? (mayChange ? renewed : between) : whole,
      };
      isThere = isKept;
      return flight;
    },
    forget(isInTheWay) {
      isThere = false;
      isRefused ||= isInTheWay;
    },
  };

  /** A message of its own, ahead of the flight's: what is wrong with it is not the migration's. */
  function prepare(): void {
    isThere = true;
    session.run(preparing.join("; ")).catch(() => {
      isThere = false;
      isRefused = true;
    });
  }
}

/** Undefined: the server would not tell. */
async function keptOf({ session, settings }: ApplyContext): Promise<Kept | undefined> {
  try {
    return await findKept(session, settings);
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "server") throw error;
    return undefined;
  }
}

/** The set was not known when its session was named. Waited for where one message goes at a time. */
async function nameSession(
  { session, settings }: ApplyContext,
  isPipelined: boolean,
): Promise<void> {
  const own = settings.filter(({ name }) => name === "application_name");
  if (own.length === 0) return;
  const naming = session.run(setStatements(own).join("; ")).then(
    () => undefined,
    () => undefined,
  );
  if (!isPipelined) await naming;
}
