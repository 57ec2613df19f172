/** What somebody changed by hand, as lines: a finding to stdout, how it differs to stderr. */
import type { DriftFinding, ToldApart } from "../core/drift.ts";
import { lineDiff, withContext } from "../core/line-diff.ts";
import type { DriftOutcome } from "../outcome.ts";
import type { Talk } from "../request.ts";
import { historyNote } from "./event-text.ts";
import { count } from "./words.ts";

export interface DriftLine {
  readonly to: "data" | "talk";
  readonly text: string;
}

export function driftLines(outcome: DriftOutcome, talk: Talk): readonly DriftLine[] {
  const { drift, notes, unreplayed, replayed } = outcome;
  const lines: DriftLine[] = [];
  const data = (text: string): void => void lines.push({ to: "data", text });
  const say = (text: string): void => {
    if (talk !== "quiet") lines.push({ to: "talk", text });
  };
  for (const note of notes) say(`note: ${historyNote(note)}`);
  const strangers = mayComeFrom(outcome);
  for (const finding of drift.findings) {
    data(`${finding.finding.padEnd(longest)}  ${finding.kind} ${finding.name}`);
    for (const line of detailsOf(finding)) say(`  ${line}`);
    if (strangers.length > 0) {
      say(`  it may come from ${strangers.join(", ")}: applied, and not in the set`);
    }
  }
  for (const { migration, reason } of unreplayed) {
    say(`note: ${migration.id} could not be replayed: ${reason}`);
    if (replayed.where === "embedded") say(`  ${wayOn}`);
  }
  for (const table of drift.columnOrders) {
    say(`note: the columns of ${table} have another order, which alone is no finding`);
  }
  for (const line of toldApartLines(drift.toldApart, talk)) say(line);
  for (const pattern of drift.idlePatterns) say(`note: --ignore '${pattern}' leaves nothing out`);
  if (talk !== "quiet") data(summaryOf(outcome));
  return lines;
}

/** Versions whose files are not there: what they made is in the database, and was not replayed. */
export function mayComeFrom({ notes }: DriftOutcome): readonly string[] {
  return notes.flatMap(({ entry }) =>
    entry.kind === "unknown" ? [`${entry.version}_${entry.row.name}`] : [],
  );
}

const wayOn =
  "what it names is told apart; --scratch-on replays on a server, --roles makes roles that are lacking";
const longest = "made by hand".length;

function detailsOf({ expected, actual, parts }: DriftFinding): readonly string[] {
  const standing = parts.length === 0 ? [] : [`with ${parts.join(", ")}`];
  if (expected === undefined || actual === undefined) {
    return [...(actual ?? expected ?? "").trim().split("\n"), ...standing];
  }
  if (!`${expected}${actual}`.includes("\n")) {
    return [`expected: ${expected}`, `actual:   ${actual}`, ...standing];
  }
  const marks = { both: " ", left: "-", right: "+" };
  return [
    "- expected",
    "+ actual",
    ...withContext(lineDiff(expected, actual), 2).map((line) =>
      line === undefined ? "…" : `${marks[line.in]} ${line.text}`,
    ),
    ...standing,
  ];
}

function toldApartLines(toldApart: readonly ToldApart[], talk: Talk): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { kind, name, reason } of toldApart) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), `${kind} ${name}`]);
  }
  const shown = talk === "verbose" ? Number.POSITIVE_INFINITY : 3;
  return [...byReason].map(([reason, names]) => {
    const others = names.length > shown ? ", …" : "";
    return `note: told apart: ${names.slice(0, shown).join(", ")}${others}: ${reason}`;
  });
}

function summaryOf({ applied, database, serverVersion, replayed, drift }: DriftOutcome): string {
  const { findings, toldApart, ignored } = drift;
  const differ =
    findings.length === 0
      ? "nothing differs"
      : findings.length === 1
        ? "1 object differs"
        : `${findings.length} objects differ`;
  const others = [
    ...(toldApart.length === 0 ? [] : [`${toldApart.length} told apart`]),
    ...(ignored === 0 ? [] : [`${ignored} ignored`]),
  ];
  const where = replayed.where === "embedded" ? "an embedded Postgres" : "a database made for it";
  return (
    `${[differ, ...others].join("; ")}: ${database} (PostgreSQL ${serverVersion}), and ` +
    `${count(applied, "migration")} replayed in ${where} (PostgreSQL ${replayed.serverVersion})`
  );
}
