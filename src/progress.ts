/** What is known of a run of `up`, over all its sessions, and how one of them ends. */
import type { Doubts } from "./apply/context.ts";
import type { Migration } from "./core/migration.ts";
import type { Problem, ServerMessage } from "./core/problem.ts";

export interface Progress {
  readonly applied: Migration[];
  /** What was not applied when it was last read. */
  pending: readonly Migration[];
  /** What was sent, and not known to be durable, when the connection was lost. */
  readonly doubts: Doubts;
  /** How it was lost. */
  loss?: ServerMessage;
}

export type Ended =
  | { readonly kind: "ended"; readonly problems: readonly Problem[] }
  | { readonly kind: "lost"; readonly reason: string; readonly problem: Problem };

/** What was running first. */
export function inDoubt({ doubts }: Pick<Progress, "doubts">): readonly Migration[] {
  const all = [...doubts.values()];
  const running = all.filter((one) => one.isAcknowledged !== true);
  const others = all.filter((one) => one.isAcknowledged === true);
  return [...running, ...others].map(({ entry }) => entry.migration);
}

export function unknownOutcome({ doubts, loss }: Progress): Problem | undefined {
  const [first, ...others] = inDoubt({ doubts });
  if (first === undefined || loss === undefined) return undefined;
  const { id, version } = first;
  const rest = others.length === 0 ? {} : { others: others.map((one) => one.id) };
  return { code: "outcome-unknown", id, version, ...rest, error: loss };
}
