import { offsetOfByte, type Place, placeOf } from "./locate.ts";
import { asNode, asText, type ParseNode } from "./parse-node.ts";
import type { Executable, Parse } from "./script.ts";

/**
 * Regular expressions that stand in a file as constants. PostgreSQL compiles one when the first
 * row meets it: a CHECK with a wrong one is made without a word on an empty table, and fails in
 * production, where there are rows. So a rehearsal has each of them compiled.
 *
 * https://www.postgresql.org/docs/current/functions-matching.html#FUNCTIONS-POSIX-REGEXP
 */
export interface Regex {
  readonly pattern: string;
  readonly place: Place;
  /** The statement's number, from 1. */
  readonly statement: number;
}

export function regexesIn(script: Executable, parse: Parse, hasOthers: boolean): readonly Regex[] {
  const text = script.mode === "transaction" ? script.body : script.text;
  const spans = script.mode === "transaction" ? script.statements : script.steps.map((s) => s.span);
  return spans.flatMap((span, index) => {
    const sql = text.slice(span.start, span.end);
    const found = constantsIn(parse(sql) ?? [], hasOthers ? [] : matchOperators);
    return found.map(({ pattern, location }): Regex => {
      const offset = span.start + offsetOfByte(sql, location);
      return { pattern, place: placeOf(text, offset), statement: index + 1 };
    });
  });
}

/** ltree has operators of the same names, whose constants are no regular expressions. */
export function makesMatchOperators(text: string): boolean {
  return /\bltree\b|\blquery\b|\bcreate\s+operator\b/i.test(text);
}

interface Constant {
  readonly pattern: string;
  /** In bytes, from the start of the statement. */
  readonly location: number;
}

const matchOperators: readonly string[] = ["~", "~*", "!~", "!~*"];

function constantsIn(value: unknown, operators: readonly string[]): readonly Constant[] {
  if (Array.isArray(value)) return value.flatMap((one) => constantsIn(one, operators));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([type, fields]) => {
    const own = typeof fields === "object" && fields !== null ? asNode(fields) : {};
    return [...patternsOf(type, own, operators), ...constantsIn(fields, operators)];
  });
}

function patternsOf(
  type: string,
  fields: ParseNode,
  operators: readonly string[],
): readonly Constant[] {
  if (type === "A_Expr") {
    const kind = asText(fields["kind"]) ?? "";
    const isMatch =
      /^AEXPR_OP(?:_ANY|_ALL)?$/.test(kind) && operators.includes(lastNameOf(fields["name"]));
    return isMatch ? constantsOf(fields["rexpr"]) : [];
  }
  if (type !== "FuncCall") return [];
  const args = Array.isArray(fields["args"]) ? (fields["args"] as unknown[]) : [];
  if (!regexFunctions.has(lastNameOf(fields["funcname"])) || args.length < 2) return [];
  // With the flag q the pattern is a plain text, with b and e it is of another kind.
  const flags = args.slice(2).flatMap((arg) => constantsOf(arg));
  return flags.some(({ pattern }) => /[qbe]/.test(pattern)) ? [] : constantsOf(args[1]);
}

const regexFunctions: ReadonlySet<string> = new Set([
  "regexp_count",
  "regexp_instr",
  "regexp_like",
  "regexp_match",
  "regexp_matches",
  "regexp_replace",
  "regexp_split_to_array",
  "regexp_split_to_table",
  "regexp_substr",
]);

/** A string, one that is cast to text, or an array of them. */
function constantsOf(node: unknown): readonly Constant[] {
  const { A_Const: constant, TypeCast: cast, A_ArrayExpr: array } = asNode(node);
  if (array !== undefined) {
    const { elements } = asNode(array);
    return Array.isArray(elements) ? elements.flatMap(constantsOf) : [];
  }
  if (cast !== undefined) {
    const { arg, typeName } = asNode(cast);
    const type = lastNameOf(asNode(typeName)["names"]);
    return ["text", "varchar", "bpchar"].includes(type) ? constantsOf(arg) : [];
  }
  const { sval, location } = asNode(constant);
  const pattern = asNode(sval)["sval"];
  return typeof pattern === "string"
    ? [{ pattern, location: typeof location === "number" ? location : 0 }]
    : [];
}

function lastNameOf(names: unknown): string {
  const last: unknown = Array.isArray(names) ? names.at(-1) : undefined;
  return asText(asNode(asNode(last)["String"])["sval"]) ?? "";
}
