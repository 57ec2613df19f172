/** What holds for every body, told by PostgreSQL's own parser over the whole of it. */
import { isDeepStrictEqual } from "node:util";
import { parseSync } from "libpg-query";
import type { ParseNode } from "../../src/core/parse-node.ts";
import { classifyByKeyword } from "../../src/core/keywords.ts";
import { judgeByOpening } from "../../src/core/opening.ts";
import { type Executable, type Parse, readScript } from "../../src/core/script.ts";
import type { Result } from "../../src/core/result.ts";
import { split } from "../../src/core/split.ts";
import { classify, type Statement } from "../../src/core/statements.ts";
import { migrationOf } from "../core/made.ts";

type Whole = readonly ParseNode[] | undefined;

let last: { readonly body: string; readonly whole: Whole } | undefined;

/** The statements of a whole body, or undefined where it does not parse. Two properties ask for it. */
function wholeOf(body: string): Whole {
  if (last?.body !== body) last = { body, whole: parsed(body) };
  return last.whole;
}

function parsed(body: string): Whole {
  try {
    const tree = parseSync(body) as { stmts?: readonly { stmt?: ParseNode }[] };
    return (tree.stmts ?? []).map(({ stmt }) => stmt ?? {});
  } catch {
    return undefined;
  }
}

/** Whether a body can be a file at all: a mutation may cut a surrogate pair. */
export function isText(body: string): boolean {
  return body.isWellFormed() && !body.includes("\0");
}

export function read(body: string, parse: Parse): Result<Executable> {
  return readScript(migrationOf(body), parse);
}

/** A body that the generator knows to be legal is never refused. */
export function acceptsLegal(body: string, parse: Parse): void {
  const result = read(body, parse);
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.problems)}`);
}

/**
 * A body is refused for the control of its transaction if and only if the parser finds such a
 * statement in it, but for one BEGIN … COMMIT around the whole. Gives whether it was accepted.
 */
export function judgesAsParser(body: string, parse: Parse): boolean {
  const result = read(body, parse);
  const nodes = wholeOf(body);
  if (nodes === undefined) return result.ok;
  const control = nodes.map(controlOf);
  const inner =
    control[0] === "begin" && control.length > 1 && control.at(-1) === "commit"
      ? control.slice(1, -1)
      : control;
  const leaves = inner.some((one) => one !== undefined);
  const isRefused =
    !result.ok &&
    result.problems.some(
      (one) => one.code === "refused-statement" && one.reason === "transaction control",
    );
  if (leaves && result.ok) throw new Error("passed, and it leaves the transaction");
  if (!leaves && isRefused) throw new Error(`refused: ${JSON.stringify(result.problems)}`);
  return result.ok;
}

function isHarmless({ kind }: Statement): boolean {
  return kind === "plain" || kind === "setting";
}

/** What first words say of a statement is what its tree says. Gives how many they were enough for. */
export function opensAsParsed(body: string, parse: Parse): number {
  const { statements } = split(body);
  const judged = statements.toArray().flatMap((span, index) => {
    const said = statements.isClear(index) ? judgeByOpening(body, span.start, span.end) : undefined;
    return said === undefined ? [] : [{ said, sql: body.slice(span.start, span.end) }];
  });
  for (const { said, sql } of judged) {
    const nodes = parse(sql);
    const theirs = nodes === undefined ? classifyByKeyword(sql) : nodes.map(classify);
    // What cannot be read is the server's to refuse: that it may be sent is all there is to say.
    const isSame = Array.isArray(theirs)
      ? isDeepStrictEqual([said], theirs)
      : isHarmless(said) && isHarmless(theirs);
    if (!isSame) {
      const [ours, its] = [said, theirs].map((one) => JSON.stringify(one));
      throw new Error(`${ours} by its first words, ${its} by its tree: ${JSON.stringify(sql)}`);
    }
  }
  return judged.length;
}

function controlOf(node: ParseNode): "begin" | "commit" | "other" | undefined {
  const fields = node["TransactionStmt"] as { kind?: string; chain?: boolean } | undefined;
  if (fields === undefined) return undefined;
  const { kind = "", chain = false } = fields;
  if (kind === "TRANS_STMT_BEGIN" || kind === "TRANS_STMT_START") return "begin";
  return kind === "TRANS_STMT_COMMIT" && !chain ? "commit" : "other";
}

/** Statements and what is between them are the text; between them there is nothing to run. */
export function splitsInParts(body: string): void {
  const { statements, open } = split(body);
  const gaps: string[] = [];
  let whole = "";
  let at = 0;
  for (const { start, end } of statements.toArray()) {
    if (start < at || end <= start) throw new Error(`a statement at ${start}..${end} behind ${at}`);
    gaps.push(body.slice(at, start));
    whole += body.slice(at, start) + body.slice(start, end);
    at = end;
  }
  gaps.push(body.slice(at));
  whole += body.slice(at);
  if (whole !== body) throw new Error("the parts are not the text");
  for (const [index, gap] of gaps.entries()) {
    const isLast = index === gaps.length - 1;
    if (isLast && open !== undefined) continue;
    const left = withoutComments(gap).replaceAll(/[\s;]/g, "");
    // No-break spaces and byte order marks are letters to the server, and white space to \s.
    if (left !== "" || /[\u00a0\ufeff\u2000-\u206f]/.test(withoutComments(gap))) {
      throw new Error(`between statements: ${JSON.stringify(gap)}`);
    }
  }
  const nodes = open === undefined ? wholeOf(body) : undefined;
  if (nodes !== undefined && nodes.length !== statements.length) {
    throw new Error(`${statements.length} statements, and ${nodes.length} to the parser`);
  }
}

/** Read in another way than split() does: from the innermost comment outwards. */
function withoutComments(gap: string): string {
  let text = "";
  let depth = 0;
  for (const [token] of gap.matchAll(/\/\*|\*\/|--[^\r\n]*|[^]/g)) {
    if (token === "/*") depth++;
    else if (token === "*/" && depth > 0) depth--;
    else if (depth === 0 && !token.startsWith("--")) text += token;
    else if (depth > 0 && token.startsWith("--")) depth += depthOf(token);
  }
  return text;
}

/** A line comment means nothing inside a block comment, and what follows the dashes may. */
function depthOf(token: string): number {
  let depth = 0;
  for (const [one] of token.matchAll(/\/\*|\*\//g)) depth += one === "/*" ? 1 : -1;
  return depth;
}
