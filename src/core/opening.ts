import { type IndexName, plain, type Statement } from "./statements.ts";
import { endOfToken, firstWords, isWord } from "./tokens.ts";

/**
 * Judges a statement by its first words, where they leave no doubt; the parser is asked about all
 * others. What is given is what classify() says of the tree, or, where there is no tree,
 * classifyByKeyword() of the text: the fuzz run compares them.
 *
 * It is for statements that split() found clear: they are one statement, no CONCURRENTLY and no
 * TEMPORARY stands in them, nothing of lacuna's and no set_config. By gram.y a statement that begins
 * in one of these ways is then plain, or what is said of it here, or it does not parse at all.
 */
export function judgeByOpening(text: string, start: number, end: number): Statement | undefined {
  const to = endOfToken(text, start, text.charCodeAt(start));
  const first = openingAt(text, start, to);
  switch (first) {
    case undefined:
      return undefined;
    case "create":
    case "alter":
    case "drop": {
      const [second = ""] = firstWords(text, 1, to);
      if (plainObjects.has(second)) return plain;
      return first === "create" ? indexAt(text, start) : plainOnce.has(second) ? plain : undefined;
    }
    case "set":
    case "reset":
      return settingOf(firstWords(text, 3, start));
    case "begin":
    case "commit":
      if (end !== to) return undefined;
      return first === "begin" ? begin : commit;
    default:
      return plain;
  }
}

function openingAt(text: string, start: number, to: number): OpeningWord | undefined {
  const words = openings.get(text.charCodeAt(start) | 32) ?? [];
  for (const word of words) if (isWord(text, start, to, word)) return word;
  return undefined;
}

type OpeningWord = (typeof openingWords)[number];

/** All but the last seven are plain whatever follows. */
const openingWords = [
  "analyze",
  "comment",
  "delete",
  "grant",
  "insert",
  "lock",
  "merge",
  "notify",
  "refresh",
  "revoke",
  "select",
  "truncate",
  "update",
  "values",
  "with",
  "alter",
  "begin",
  "commit",
  "create",
  "drop",
  "reset",
  "set",
] as const;

/** By their first letters: there may be a statement a line in a very long file. */
const openings: ReadonlyMap<number, readonly OpeningWord[]> = new Map(
  openingWords.map((word) => [
    word.charCodeAt(0),
    openingWords.filter((one) => one.startsWith(word.charAt(0))),
  ]),
);

const begin: Statement = { kind: "begin", characteristics: undefined };
const commit: Statement = { kind: "commit" };
const setting: Statement = { kind: "setting" };

/** Behind CREATE, ALTER and DROP. Of databases, tablespaces, subscriptions and indexes more is to be known. */
const plainObjects: ReadonlySet<string> = new Set([
  "aggregate",
  "cast",
  "collation",
  "domain",
  "event",
  "extension",
  "foreign",
  "function",
  "materialized",
  "operator",
  "or",
  "policy",
  "procedure",
  "publication",
  "role",
  "rule",
  "schema",
  "sequence",
  "statistics",
  "table",
  "trigger",
  "type",
  "unlogged",
  "view",
]);

/** Behind ALTER and DROP. */
const plainOnce: ReadonlySet<string> = new Set(["default", "index", "routine"]);

/** SET LOCAL, and those of the session that stand in every dump. */
function settingOf([verb, name = "", next]: readonly string[]): Statement | undefined {
  if (knownSettings.has(name)) return setting;
  // `set local to 1` and `set local = 1` set something that is called local.
  const isLocal = verb === "set" && name === "local" && knownSettings.has(next ?? "");
  return isLocal ? plain : undefined;
}

const knownSettings: ReadonlySet<string> = new Set([
  "check_function_bodies",
  "client_min_messages",
  "default_table_access_method",
  "default_tablespace",
  "idle_in_transaction_session_timeout",
  "lock_timeout",
  "maintenance_work_mem",
  "row_security",
  "search_path",
  "statement_timeout",
  "transaction_timeout",
  "work_mem",
  "xmloption",
]);

/** CREATE INDEX in its usual form, read without a tree: its name and its table are looked at later. */
function indexAt(text: string, start: number): Statement | undefined {
  indexForm.lastIndex = start;
  const { name, schema, table } = indexForm.exec(text)?.groups ?? {};
  if (table === undefined) return undefined;
  const index: IndexName = {
    schema: schema === undefined ? undefined : folded(schema),
    table: folded(table),
    name: name === undefined ? undefined : folded(name),
    onlyParent: false,
    ifNotExists: false,
  };
  return { kind: "plain", index };
}

/** As PostgreSQL folds a name. Longer ones than 63 bytes, which it cuts, are not of the form. */
function folded(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1) : name.toLowerCase();
}

const blank = String.raw`[ \t\n\r\f\v]`;
const identifier = String.raw`(?:(?!(?:on|only|if)\b)[a-z_][a-z0-9_]{0,62}(?![a-z0-9_$\x80-\uffff])|"[!#-~]{1,63}"(?!"))`;
const indexForm = new RegExp(
  `create${blank}+(?:unique${blank}+)?index${blank}+(?:(?<name>${identifier})${blank}+)?on${blank}+` +
    String.raw`(?:(?<schema>${identifier})\.)?(?<table>${identifier})${blank}*(?:\(|using\b)`,
  "iy",
);
