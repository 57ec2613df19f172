/** Why a difference between a database and its replayed migrations is nobody's doing. */
import { type Migration, textOf } from "./migration.ts";
import { partsOfName } from "./object-name.ts";
import { keyOf, type SchemaDifference } from "./schema.ts";
import type { TrackerName } from "./tracker.ts";

/** What is to be known of the two databases. */
export interface Circumstances {
  /** The majors of PostgreSQL: where the migrations were replayed, and the database's own. */
  readonly expectedMajor: number;
  readonly actualMajor: number;
  /** By `kind name`, definitions as one engine prints both after reading them. */
  readonly printedAlike: ReadonlyMap<string, PrintedAlike>;
  readonly unreplayed: readonly Unreplayed[];
  /** Trackers that other tools left. */
  readonly legacy: readonly TrackerName[];
}

export interface PrintedAlike {
  readonly expected: string;
  readonly actual: string;
}

/** An applied migration that could not be replayed, or one of which a part is applied. */
export interface Unreplayed {
  readonly migration: Migration;
  readonly reason: string;
}

/** The reason of a difference; undefined: it is somebody's doing. */
export type ReasonOf = (difference: SchemaDifference) => string | undefined;

export function reasonsIn(
  circumstances: Circumstances,
  differences: readonly SchemaDifference[],
): ReasonOf {
  const rules = [
    notNullConstraint(circumstances),
    copiedKey(circumstances, differences),
    printedOtherwise(circumstances),
    otherVersion,
    otherPrivileges(circumstances),
    legacyTracker(circumstances),
    madeByUnreplayed(circumstances),
  ];
  return (difference) => {
    for (const rule of rules) {
      const reason = rule(difference);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

/** Since 18 a column's NOT NULL is an object with a name; before, it was the column's alone. */
function notNullConstraint({ expectedMajor, actualMajor }: Circumstances): ReasonOf {
  const older = Math.min(expectedMajor, actualMajor);
  const newer = Math.max(expectedMajor, actualMajor);
  return ({ kind, left, right }) => {
    if (kind !== "not null constraint" || older >= 18 || newer < 18) return undefined;
    const isOnlyWithNewer = (expectedMajor === newer ? right : left) === undefined;
    return isOnlyWithNewer
      ? `before PostgreSQL 18 a NOT NULL is the column's, and no object of its own`
      : undefined;
  };
}

/**
 * A foreign key to a partitioned table has a copy for each of its partitions, named by PostgreSQL:
 * `…_fkey1` up to 17, `…_fkey_1` since.
 */
function copiedKey(
  { expectedMajor, actualMajor }: Circumstances,
  differences: readonly SchemaDifference[],
): ReasonOf {
  const isSince = (major: number): boolean => major >= 18;
  const copies = differences.filter(
    ({ kind, left, right }) =>
      kind === "constraint" && /^FOREIGN KEY .* inherited from 1$/s.test(left ?? right ?? ""),
  );
  return (difference) => {
    if (isSince(expectedMajor) === isSince(actualMajor)) return undefined;
    const { left, right, on } = difference;
    const isAlike = (one: SchemaDifference): boolean =>
      one.on === on && (left === undefined ? one.left === right : one.right === left);
    return copies.includes(difference) && copies.some(isAlike)
      ? "since PostgreSQL 18 the copies of a foreign key are named otherwise"
      : undefined;
  };
}

function printedOtherwise(circumstances: Circumstances): ReasonOf {
  const { expectedMajor, actualMajor, printedAlike } = circumstances;
  return (difference) => {
    const printed = printedAlike.get(keyOf(difference));
    if (printed === undefined || printed.expected !== printed.actual) return undefined;
    return expectedMajor === actualMajor
      ? "it is the same, read from a printed text, as from a dump"
      : `PostgreSQL ${actualMajor} prints it otherwise than ${expectedMajor}`;
  };
}

/** A migration seldom says which, and gets the one that the server has. */
function otherVersion({ kind, left, right }: SchemaDifference): string | undefined {
  if (kind !== "extension" || left === undefined || right === undefined) return undefined;
  const [expected, actual] = [left, right].map((text) => /^version (\S+) (.*)$/s.exec(text));
  return expected?.[2] !== undefined && expected[2] === actual?.[2]
    ? `where the migrations were replayed its version is ${expected[1]}, here ${actual[1]}`
    : undefined;
}

/**
 * Since 17 MAINTAIN is a privilege of tables, and an owner has it; since 15 the schema public belongs
 * to pg_database_owner, and not everybody may create in it.
 */
function otherPrivileges({ expectedMajor, actualMajor }: Circumstances): ReasonOf {
  const isBetween = (major: number): boolean => expectedMajor < major !== actualMajor < major;
  return ({ kind, name, left, right }) => {
    if (kind !== "privileges" || left === undefined || right === undefined) return undefined;
    if (name === "schema public" && isBetween(15))
      return "since PostgreSQL 15 not everybody may create in the schema public";
    const [one, other] = [left, right].map((text) =>
      text.replace(/, MAINTAIN\*?|MAINTAIN\*?, /g, ""),
    );
    return one === other && isBetween(17)
      ? "MAINTAIN is a privilege since PostgreSQL 17"
      : undefined;
  };
}

function legacyTracker({ legacy }: Circumstances): ReasonOf {
  return ({ name, on }) => {
    const [schema, table] = partsOfName(on ?? name);
    return legacy.some((one) => one.schema === schema && one.table === table)
      ? "it is the tracker of another tool"
      : undefined;
  };
}

function madeByUnreplayed({ unreplayed }: Circumstances): ReasonOf {
  const texts = unreplayed.map((one) => ({ ...one, words: wordsOf(textOf(one.migration.up)) }));
  return (difference) => {
    const found = texts.find(({ words }) => isNamedBy(words, difference));
    return found && `${found.migration.id} could not be replayed: ${found.reason}`;
  };
}

/**
 * Whether a file's words have an object's name, or what PostgreSQL puts a name together from: of
 * an index, the table's and the column's. What stands on a table has to be there with the table.
 */
function isNamedBy(words: ReadonlySet<string>, { kind, name, on }: SchemaDifference): boolean {
  // Those of a schema or a role: no file has their names.
  if (kind === "default privileges") return false;
  // A comment's name is what it is a comment on: `table column public.users.email`.
  const isPrefixed = ["comment", "privileges", "security label"].includes(kind);
  const own = last(isPrefixed ? name.replace(/^(?:[a-z]+ )+/, "") : name);
  const relation = on === undefined ? undefined : last(on);
  if (relation !== undefined && !words.has(relation)) return false;
  if (words.has(own)) return true;
  if (relation === undefined || !own.startsWith(`${relation}_`)) return false;
  const rest = own.slice(relation.length + 1);
  if (/^pkey\d*$/.test(rest)) return words.has("primary");
  return isMadeOf(rest.replace(/_(?:key|idx|fkey|check|seq|excl|not_null)\d*$/, ""), words);
}

function isMadeOf(name: string, words: ReadonlySet<string>): boolean {
  if (words.has(name)) return true;
  for (let end = name.indexOf("_"); end >= 0; end = name.indexOf("_", end + 1)) {
    if (words.has(name.slice(0, end)) && isMadeOf(name.slice(end + 1), words)) return true;
  }
  return false;
}

/** The last part of a name, as the words of a text are compared. */
function last(name: string): string {
  return (partsOfName(name).at(-1) ?? name).toLowerCase();
}

/** Without comments and literals, which name what they are about as well. */
function wordsOf(text: string): ReadonlySet<string> {
  const code = text.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g, " ");
  return new Set(code.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_$]*/gu));
}
