/** Reads what `lacuna status --json` wrote: a database's applied set, without its database. */
import { parseChecksum } from "./checksum.ts";
import { type AppliedRow, appliedSetOf } from "./migration.ts";
import type { Base } from "./order.ts";
import { type Result, refuse, succeed } from "./result.ts";
import { parseVersion, type Version } from "./version.ts";

/** @param path What to call the file in messages. */
export function readStatusDocument(path: string, written: string): Result<Base> {
  const bad = (message: string): ReturnType<typeof refuse> =>
    refuse({ code: "bad-applied-from", source: path, message });
  const document = parsed(written);
  if (document?.["lacuna"] !== 1 || document["command"] !== "status") {
    return bad("it is not what `lacuna status --json` writes");
  }
  const { migrations, problems } = document;
  if (!Array.isArray(migrations)) return bad("it lists no migrations: that status was refused");
  const unknown = listOf(problems).find((one) => takeovers.has(text(one["code"])));
  if (unknown !== undefined) {
    return bad(`what is applied was not known there: ${text(unknown["title"])}`);
  }
  const rows: AppliedRow[] = [];
  const inPart = new Set<Version>();
  for (const entry of listOf(migrations)) {
    const stopped = parseVersion(text(entry["version"]));
    const states = Array.isArray(entry["problems"]) ? entry["problems"] : [];
    if (stopped !== undefined && states.includes("in progress")) inPart.add(stopped);
    const { appliedAs, appliedAt, appliedChecksum } = entry;
    if (appliedAs === undefined) continue;
    const version = parseVersion(text(entry["version"]));
    const checksum = appliedChecksum === null ? null : parseChecksum(text(appliedChecksum));
    const time = appliedAt === null ? undefined : new Date(text(appliedAt));
    const isWrong =
      version === undefined ||
      checksum === undefined ||
      typeof appliedAs !== "string" ||
      controls.test(appliedAs) ||
      Number.isNaN(time?.getTime());
    if (isWrong) return bad(`version ${text(entry["version"])} is not as status writes it`);
    rows.push({ version, name: appliedAs, appliedAt: time, checksum });
  }
  return succeed({ label: path, applied: appliedSetOf(rows), inPart });
}

/** No name of a file has them, and a terminal or a log would obey. */
const controls = /[\u0000-\u001f\u007f-\u009f]/;

type Json = Readonly<Record<string, unknown>>;

function parsed(written: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(written);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where `up` would not know either what is applied. */
const takeovers: ReadonlySet<string> = new Set([
  "legacy-dirty",
  "legacy-version-unknown",
  "legacy-rows",
  "legacy-conflict",
  "legacy-moved",
  "not-a-new-database",
]);
