/** What an executable is, for people. */
import type { BuildOutcome, Outcome } from "../outcome.ts";
import { count } from "./words.ts";

export function versionLines({
  version,
  embedded,
}: Extract<Outcome, { kind: "version" }>): readonly string[] {
  return [`lacuna ${version}`, insideText(embedded)];
}

export function buildLines({ made, set }: BuildOutcome): readonly string[] {
  const { path, platform, bytes, sha256, proof } = made;
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const unrun = proof === "run" ? [] : ["its bytes were compared; it was not run, on this machine"];
  return [`${path}  ${platform}  ${size}`, insideText(set), `sha256 ${sha256}`, ...unrun];
}

function insideText(set: BuildOutcome["set"]): string {
  if (set === undefined) return "no migrations inside";
  return `${count(set.count, "migration")} inside, set digest ${set.digest}`;
}
