/** What `fingerprint` tells, as lines for people. */
import { countKinds } from "../core/schema.ts";
import type { FingerprintOutcome } from "../outcome.ts";
import { count } from "./words.ts";

/** Of what the digest was made; the digest itself is the data. */
export function fingerprintDetails(outcome: FingerprintOutcome): readonly string[] {
  const { schema, database, serverVersion } = outcome;
  const kinds = countKinds(schema).map(([kind, number]) => `${kind} ${number}`);
  const which = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
  return [
    `database  ${database}, PostgreSQL ${serverVersion}`,
    `schema    ${count(schema.size, "object")}${which}`,
  ];
}
