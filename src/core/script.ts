import { checksumOf } from "./checksum.ts";
import { placeOf } from "./locate.ts";
import { type Migration, strictTextOf } from "./migration.ts";
import type { ParseNode } from "./parse-node.ts";
import type { FileProblem } from "./file-problem.ts";
import { type Result, refuse, succeed } from "./result.ts";
import { classifyByKeyword } from "./keywords.ts";
import { judgeByOpening } from "./opening.ts";
import type { Span, Spans } from "./spans.ts";
import { split } from "./split.ts";
import {
  classify,
  type IndexName,
  plain,
  type RefusedReason,
  type Statement,
} from "./statements.ts";

/** libpg-query behind a function: the statements' nodes, or undefined for what it cannot read. */
export type Parse = (sql: string) => readonly ParseNode[] | undefined;

/** A migration's up file, found fit to run. Only readScript makes one. */
export type Executable = TransactionScript | StatementScript;

/** Runs as one message, together with its row. */
export interface TransactionScript {
  readonly mode: "transaction";
  readonly migration: Migration;
  /**
   * The file's text as it is sent. An outer BEGIN … COMMIT is overwritten with blanks of the
   * same length, so that every position in it stays true.
   */
  readonly body: string;
  /** What the outer BEGIN asked for, as SET TRANSACTION takes it. */
  readonly characteristics: string | undefined;
  readonly statements: readonly Span[];
  /** Those of CREATE INDEX IF NOT EXISTS: none of them may be INVALID in the end. */
  readonly indexes: readonly IndexName[];
}

/** Runs statement by statement, each with its progress recorded. */
export interface StatementScript {
  readonly mode: "statements";
  readonly migration: Migration;
  readonly text: string;
  readonly steps: readonly Step[];
}

export interface Step {
  /** From 1. */
  readonly number: number;
  readonly span: Span;
  readonly sql: string;
  readonly digest: string;
  readonly statement: Statement;
}

/** A statement that asks for more than to be run: there may be many statements, and few of these. */
interface Part {
  readonly index: number;
  readonly span: Span;
  readonly statement: Statement;
}

/** A file's statements, judged by their first words where those are enough. */
interface Reading {
  readonly text: string;
  readonly statements: Spans;
  /** Those that are not simply plain; undefined where the parser has to be asked. */
  readonly judged: readonly (Omit<Part, "statement"> & {
    readonly statement: Statement | undefined;
  })[];
}

/**
 * Reads a pending migration's statements and refuses what lacuna cannot run truthfully.
 *
 * A syntax error is no reason to refuse: the server reports it with its own words and
 * position, and reads the whole message before it runs any of it.
 */
export function readScript(migration: Migration, parse: Parse): Result<Executable> {
  const reading = readingOf(migration);
  if (!reading.ok) return reading;
  const { text, statements } = reading.value;
  const parts = reading.value.judged
    .map((part): Part => ({
      ...part,
      statement: part.statement ?? judge(textAt(text, part.span), parse),
    }))
    .filter(({ statement }) => statement !== plain);
  const runsAlone =
    migration.directives.noTransaction ||
    (statements.length === 1 && parts[0]?.statement.kind === "outside");
  const script: Script = { migration, text, statements, parts };
  const problems = runsAlone ? faultsAlone(script) : faultsTogether(script);
  if (problems.length > 0) return refuse(...problems);
  return succeed(runsAlone ? alone(script) : together(script));
}

/** Whether a migration has a statement that only the parser can judge. */
export function needsParser(migration: Migration): boolean {
  const reading = readingOf(migration);
  return reading.ok && reading.value.judged.some((part) => part.statement === undefined);
}

/** Read once: whether the parser is needed is asked before it is loaded. */
function readingOf(migration: Migration): Result<Reading> {
  const known = readings.get(migration.up);
  if (known !== undefined) return known;
  const reading = read(migration);
  readings.set(migration.up, reading);
  return reading;
}

const readings = new WeakMap<Migration["up"], Result<Reading>>();

function read({ up }: Migration): Result<Reading> {
  const { path } = up;
  const text = strictTextOf(up);
  if (text === undefined) {
    return refuse({ code: "not-text", path, found: "bytes that are not UTF-8" });
  }
  if (text.includes("\0")) return refuse({ code: "not-text", path, found: "a NUL byte" });

  const { statements, open } = split(text, "statements");
  if (open !== undefined) {
    // What is sent behind the body would be read as part of it.
    return refuse({ code: "open-quote", path, place: placeOf(text, open.start), what: open.what });
  }
  const judged: Reading["judged"][number][] = [];
  for (let index = 0; index < statements.length; index++) {
    const statement = statements.isClear(index)
      ? judgeByOpening(text, statements.startOf(index), statements.endOf(index))
      : undefined;
    if (statement !== plain) judged.push({ index, span: statements.at(index), statement });
  }
  return succeed({ text, statements, judged });
}

/** The indexes that statements make, but for those ON ONLY a parent: INVALID on purpose. */
export function indexesOf(
  parts: readonly { readonly statement: Statement }[],
): readonly IndexName[] {
  return parts.flatMap(({ statement }) =>
    (statement.kind === "outside" || statement.kind === "plain") &&
    statement.index !== undefined &&
    !statement.index.onlyParent
      ? [statement.index]
      : [],
  );
}

function textAt(text: string, { start, end }: Span): string {
  return text.slice(start, end);
}

/**
 * What a statement is that its first words do not tell. The parser must find exactly one: then the
 * scanner is back in its initial state behind it, and our split is the server's. Where it finds
 * several, the first that may not run decides. A very long statement (a dump's INSERT) is told by
 * its first words all the same: its tree would need a hundred times its own memory.
 */
function judge(sql: string, parse: Parse): Statement {
  const nodes = sql.length <= longestParsed ? parse(sql) : undefined;
  if (nodes === undefined || nodes.length === 0) return classifyByKeyword(sql);
  const statements = nodes.map(classify);
  const control = statements.find((one) => one.kind === "begin" || one.kind === "commit");
  if (statements.length > 1 && control !== undefined) {
    // Our split is not the server's here: what is blanked out must be a BEGIN or COMMIT alone.
    return { kind: "refused", reason: "transaction control", what: control.kind.toUpperCase() };
  }
  return statements.find((one) => one.kind !== "plain") ?? statements[0] ?? plain;
}

const longestParsed = 131_072;

/** What both ways to run it are made of. */
interface Script extends Omit<Reading, "judged"> {
  readonly migration: Migration;
  readonly parts: readonly Part[];
}

// ---- one transaction ----

function faultsTogether(script: Script): FileProblem[] {
  const { text, parts } = script;
  const { path } = script.migration.up;
  const inner = outerPair(script) === undefined ? parts : parts.slice(1, -1);
  return inner.flatMap((part): FileProblem[] => {
    const { span, statement } = part;
    if (statement.kind !== "outside") return refusedAnywhere(path, text, part);
    const place = placeOf(text, span.start);
    return [{ code: "needs-no-transaction", path, place, what: statement.what }];
  });
}

/** What may run neither in a transaction of ours nor outside of one. */
function refusedAnywhere(path: string, text: string, { span, statement }: Part): FileProblem[] {
  const refusal = (reason: RefusedReason, what: string): FileProblem[] => [
    { code: "refused-statement", path, place: placeOf(text, span.start), reason, what },
  ];
  switch (statement.kind) {
    case "begin":
    case "commit":
      return refusal("transaction control", statement.kind.toUpperCase());
    case "refused":
      return refusal(statement.reason, statement.what);
    default:
      return [];
  }
}

/** One BEGIN … COMMIT around the whole file: golang-migrate told people to write it. */
function outerPair({ statements, parts }: Script): readonly [Part, Part] | undefined {
  const first = parts[0];
  const last = parts.at(-1);
  const isAround = first?.index === 0 && last?.index === statements.length - 1;
  return isAround && first.statement.kind === "begin" && last.statement.kind === "commit"
    ? [first, last]
    : undefined;
}

function together(script: Script): TransactionScript {
  const { migration, text, statements, parts } = script;
  const pair = outerPair(script);
  const begin = pair?.[0].statement;
  // Made when it is first asked for: `plan` never asks.
  let spans: readonly Span[] | undefined;
  return {
    mode: "transaction",
    migration,
    body: pair === undefined ? text : pair.reduce((body, part) => blankOut(body, part.span), text),
    characteristics: begin?.kind === "begin" ? begin.characteristics : undefined,
    get statements() {
      spans ??= statements.toArray(pair === undefined ? 0 : 1);
      return spans;
    },
    indexes: indexesOf(parts).filter((index) => index.ifNotExists),
  };
}

function blankOut(text: string, span: Span): string {
  return text.slice(0, span.start) + " ".repeat(span.end - span.start) + text.slice(span.end);
}

// ---- statement by statement ----

function faultsAlone({ migration, text, parts }: Script): FileProblem[] {
  const { path } = migration.up;
  return parts.flatMap((part): FileProblem[] => {
    const what = notResumable(part.statement);
    if (what === undefined) return refusedAnywhere(path, text, part);
    return [{ code: "not-resumable", path, place: placeOf(text, part.span.start), what }];
  });
}

function notResumable(statement: Statement): string | undefined {
  if (statement.kind === "session") return statement.what;
  // PostgreSQL would choose another name on each try and leave an INVALID index a try.
  const isUnnamed =
    statement.kind === "outside" &&
    statement.index !== undefined &&
    statement.index.name === undefined;
  return isUnnamed ? "a concurrent index without a name" : undefined;
}

function alone({ migration, text, statements, parts }: Script): StatementScript {
  const encoder = new TextEncoder();
  const judged = new Map(parts.map(({ index, statement }) => [index, statement]));
  const steps = statements.toArray().map((span, index): Step => {
    const sql = textAt(text, span);
    const digest = checksumOf(encoder.encode(sql));
    return { number: index + 1, span, sql, digest, statement: judged.get(index) ?? plain };
  });
  return { mode: "statements", migration, text, steps };
}
