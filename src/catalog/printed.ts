/**
 * What PostgreSQL prints from trees that it keeps: queries, conditions, bodies in SQL's own
 * syntax. Another major prints the same tree otherwise (from 16 on a query of one table names its
 * columns without the table), and so does the same major when the tree was made from a printed
 * text, as a restored dump makes it: `x in ('a', 'b')` on a varchar is printed with the cast around
 * the array, and read again with a cast around each element. So a text is compared with another
 * only after the same engine has read and printed both.
 */
import type { SchemaDifference } from "../core/schema.ts";
import { catalogRows } from "../ledger/catalog.ts";
import { type Session, SqlError } from "../ports.ts";
import { settingsOfTexts } from "./texts.ts";

/** A part of an object's definition, and how an engine is made to print it again. */
export interface Printed {
  readonly of: "query" | "condition" | "rule" | "body";
  readonly text: string;
  /** Makes something that has this text. It is taken back. */
  readonly statement: string;
}

/** All that users' objects are made of. */
export async function readPrinted(session: Session): Promise<readonly Printed[]> {
  const [rows = []] = await catalogRows(session, `${settingsOfTexts}; ${printedQuery}`);
  return rows.flatMap((row): Printed[] => {
    const [text, statement] = [row["text"] ?? null, row["statement"] ?? null];
    const of = row["of"] as Printed["of"];
    return text === null || statement === null ? [] : [{ of, text, statement }];
  });
}

/** The definition as this session's engine prints it after reading it; as it is, where it cannot. */
export async function printAgain(
  session: Session,
  kind: string,
  definition: string,
  known: readonly Printed[],
): Promise<string> {
  let printed = definition;
  const used = new Set<string>();
  for (const one of known) {
    if (!kinds[one.of].test(kind) || used.has(one.text) || !printed.includes(one.text)) continue;
    used.add(one.text);
    const text = await printedBy(session, one);
    // A function: a text with a $ in it is no pattern.
    if (text !== undefined) printed = printed.replace(one.text, () => text);
  }
  return printed;
}

/** Whether its definition has a part that is printed from a tree. */
export function isPrinted({ kind }: SchemaDifference): boolean {
  return Object.values(kinds).some((pattern) => pattern.test(kind));
}

const kinds: Readonly<Record<Printed["of"], RegExp>> = {
  query: /view$/,
  condition: /^(?:policy|constraint|index)$/,
  rule: /^rule$/,
  body: /^(?:function|procedure)$/,
};

async function printedBy(
  session: Session,
  { of, statement }: Printed,
): Promise<string | undefined> {
  try {
    const rowSets = await catalogRows(
      session,
      `${settingsOfTexts}; begin; ${statement}; ${printing[of]}; rollback`,
    );
    return rowSets.at(-1)?.[0]?.["text"] ?? undefined;
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "server") throw error;
    // It names something that is not here: then it differs.
    await session.undo();
    return undefined;
  }
}

const name = "lacuna_printed";

const printing: Readonly<Record<Printed["of"], string>> = {
  query: `select pg_catalog.pg_get_viewdef('pg_temp.${name}'::pg_catalog.regclass) as text`,
  condition:
    "select pg_catalog.pg_get_expr(p.polqual, p.polrelid) as text from pg_catalog.pg_policy p " +
    `where p.polname = '${name}'`,
  // What was just written, whatever its name.
  rule:
    "select pg_catalog.pg_get_ruledef(r.oid) as text from pg_catalog.pg_rewrite r " +
    "where r.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid",
  body:
    "select pg_catalog.pg_get_function_sqlbody(p.oid) as text from pg_catalog.pg_proc p " +
    "where p.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid",
};

/** Conditions are put to the test as a policy's: it takes any of a table, subqueries too. */
const printedQuery = `
with conditions (relation, text) as (
  select p.polrelid, pg_catalog.pg_get_expr(p.polqual, p.polrelid) from pg_catalog.pg_policy p
  union all
  select p.polrelid, pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) from pg_catalog.pg_policy p
  union all
  select c.conrelid, pg_catalog.pg_get_expr(c.conbin, c.conrelid) from pg_catalog.pg_constraint c
   where c.contype = 'c' and c.conrelid >= 16384
  union all
  select i.indrelid, pg_catalog.pg_get_expr(i.indpred, i.indrelid) from pg_catalog.pg_index i
   where i.indpred is not null and i.indrelid >= 16384
)
select 'query' as of, v.text, pg_catalog.concat('create view pg_temp.${name} as ', pg_catalog.rtrim(v.text, ';')) as statement
  from pg_catalog.pg_class c cross join pg_catalog.pg_get_viewdef(c.oid) as v (text)
 where c.relkind in ('v', 'm') and c.oid >= 16384
union all
select 'condition', d.text, pg_catalog.format('create policy ${name} on %s using (%s)',
       pg_catalog.format('%I.%I', n.nspname, c.relname), d.text)
  from conditions d join pg_catalog.pg_class c on c.oid = d.relation
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
union all
select 'rule', v.text, pg_catalog.regexp_replace(v.text, '^CREATE RULE', 'CREATE OR REPLACE RULE')
  from pg_catalog.pg_rewrite r cross join pg_catalog.pg_get_ruledef(r.oid) as v (text)
 where r.rulename <> '_RETURN' and r.oid >= 16384
union all
select 'body', v.text, pg_catalog.pg_get_functiondef(p.oid)
  from pg_catalog.pg_proc p cross join pg_catalog.pg_get_function_sqlbody(p.oid) as v (text)
 where p.prosqlbody is not null and p.oid >= 16384`;
