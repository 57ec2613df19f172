/** What `check` and `renumber` end with, for programs. */
import type { RenumberOutcome } from "../outcome.ts";
import type { Json } from "./json-parts.ts";

export function renumberFields({ was, version, renames, by }: RenumberOutcome): Json {
  return { was, version, renames, by };
}
