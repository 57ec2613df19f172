/** Reads what is in the tables and sequences of a database, as digests that can be compared. */
import type { DatabaseRows, LeftOut, SequenceValue, TableRows } from "../core/rows.ts";
import type { TrackerName } from "../core/tracker.ts";
import { catalogRows } from "../ledger/catalog.ts";
import type { Row, Session } from "../ports.ts";
import { scope } from "./scope.ts";
import { settingsOfTexts } from "./texts.ts";
import { oidOfCatalog } from "./words.ts";

/**
 * Every table of users that holds a row. An extension's tables are left out, but for those that it
 * names as its users' to fill. Nobody else may change the tables meanwhile, and the role has to be
 * allowed to read all of them: what is hidden would look like what is not there.
 *
 * @param since Times from then on are all alike: whoever wrote them meant "now".
 * @throws SqlError 42501 where a privilege is missing, or where row security would hide rows from
 *   this role.
 */
export async function readRows(
  session: Session,
  tracker: TrackerName,
  leftOut: LeftOut = new Map(),
  since?: Date,
): Promise<DatabaseRows> {
  const [found] = await catalogRows(session, `${settingsOfTexts}; ${relationsQuery(tracker)}`);
  const relations = (found ?? []).map((row) => relationOf(row));
  const reading = { relations, leftOut, since };
  const queries = relations.map((one) =>
    one.kind === "sequence" ? sequenceQuery(one.name) : tableQuery(one, reading),
  );
  const answers: (Row | undefined)[] = [];
  for (let start = 0; start < queries.length; start += mostInMessage) {
    const message = queries.slice(start, start + mostInMessage).join("; ");
    const rowSets = await catalogRows(session, `${settingsOfTexts}; ${message}`);
    answers.push(...rowSets.map((rows) => rows[0]));
  }
  const read = relations.map((one, index) => [one, answers[index] ?? {}] as const);
  return {
    tables: read.flatMap(([one, row]) =>
      one.kind === "table" ? tableRows(one, leftOut.get(one.name), row) : [],
    ),
    sequences: read.flatMap(([{ kind, name }, row]): SequenceValue[] =>
      kind === "sequence" ? [{ name, next: row["next"] ?? "none" }] : [],
    ),
  };
}

/** The locks of a message are held until its end: too many would not fit into the server's table. */
const mostInMessage = 200;

interface Relation {
  readonly kind: "table" | "sequence";
  readonly name: string;
  readonly columns: readonly {
    readonly name: string;
    readonly isNumbered: boolean;
    readonly isTime: boolean;
    /** The column of another table that a foreign key of this one alone refers to. */
    readonly refers: { readonly table: string; readonly column: string } | null;
  }[];
}

/**
 * serial and identity number rows. A default that takes its sequence by name at run time,
 * nextval('name'::text), depends on none.
 */
function relationsQuery(tracker: TrackerName): string {
  return `with ${scope(tracker)},
read as (
  select r.oid, r.kind, r.name from relation r
   where r.kind in ('r', 'S') or r.kind = 'm' and (select c.relispopulated from pg_catalog.pg_class c where c.oid = r.oid)
  union
  select c.oid, c.relkind, c.relnamespace::pg_catalog.regnamespace::text || '.' || pg_catalog.quote_ident(c.relname)
    from pg_catalog.pg_extension e, pg_catalog.unnest(e.extconfig) as config (oid)
    join pg_catalog.pg_class c on c.oid = config.oid and c.relkind in ('r', 'S'))
select r.kind, r.name, (
  select pg_catalog.json_agg(pg_catalog.json_build_object(
           'name', pg_catalog.quote_ident(a.attname),
           'isTime', a.atttypid in ('pg_catalog.timestamptz'::pg_catalog.regtype, 'pg_catalog.timestamp'::pg_catalog.regtype),
           'isNumbered', a.attidentity <> '' or coalesce(a.attgenerated = '' and (
             pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '\\mnextval\\(' or exists (
               select from pg_catalog.pg_depend p join pg_catalog.pg_class s on s.oid = p.refobjid and s.relkind = 'S'
                where p.classid = ${oidOfCatalog("pg_attrdef")} and p.objid = d.oid
                  and p.refclassid = ${oidOfCatalog("pg_class")})), false),
           'refers', (
             select pg_catalog.json_build_object('table', p.name, 'column', pg_catalog.quote_ident(f.attname))
               from pg_catalog.pg_constraint k join relation p on p.oid = k.confrelid
               join pg_catalog.pg_attribute f on f.attrelid = k.confrelid and f.attnum = k.confkey[1]
              where k.contype = 'f' and k.conrelid = r.oid and k.conkey = array[a.attnum]
              order by k.conname collate pg_catalog."C" limit 1)) order by a.attname)::text
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where r.kind in ('r', 'm') and a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped) as columns
  from read r order by r.name collate pg_catalog."C"`;
}

function relationOf(row: Row): Relation {
  return {
    kind: row["kind"] === "S" ? "sequence" : "table",
    name: row["name"] ?? "",
    columns: JSON.parse(row["columns"] ?? "[]") as Relation["columns"],
  };
}

interface Reading {
  readonly relations: readonly Relation[];
  readonly leftOut: LeftOut;
  readonly since: Date | undefined;
}

type Column = Relation["columns"][number];

/**
 * By the columns' names, not their order: a table's columns may lie otherwise and hold the same.
 * ONLY: rows of children are counted with them.
 */
function tableQuery(table: Relation, reading: Reading): string {
  const values = table.columns.map((column) => valueOf(table, column, "t", reading));
  const meanings = table.columns
    .filter((one) => !one.isNumbered)
    .map((column) => meaningOf(table, column, reading));
  const told = columnsTold(table, reading.leftOut.get(table.name));
  const digests = [
    values,
    meanings,
    ...told.map((column) => [valueOf(table, column, "t", reading)]),
  ];
  const columns = digests.map((one, index) => `${digestOf(one)} as digest_${index}`);
  return `select pg_catalog.count(*) as count, ${columns.join(", ")} from only ${table.name} as t`;
}

/** Of a column that is left out no more than whether it is null. */
function valueOf(table: Relation, { name, isTime }: Column, alias: string, at: Reading): string {
  const value = `${alias}.${name}`;
  if (at.leftOut.get(table.name)?.has(name) === true) return `(${value} is null)`;
  return isTime && at.since !== undefined ? untilNow(value, at.since) : value;
}

/**
 * A number of another table's sequence means the row that has it: where the same rows got other
 * numbers, what refers to them means the same, and where the numbers stayed it does not.
 */
function meaningOf(table: Relation, column: Column, at: Reading): string {
  const { refers } = column;
  const parent = at.relations.find((one) => one.name === refers?.table);
  const key = parent?.columns.find((one) => one.name === refers?.column);
  const told = parent?.columns.filter((one) => !one.isNumbered) ?? [];
  // Another one each time: a number of a sequence, or a random one.
  const isPassing =
    key?.isNumbered === true || at.leftOut.get(parent?.name ?? "")?.has(key?.name ?? "") === true;
  if (parent === undefined || key === undefined || !isPassing || told.length === 0) {
    return valueOf(table, column, "t", at);
  }
  const row = told.map((one) => valueOf(parent, one, "p", at)).join(", ");
  return `(select row(${row})::text from ${parent.name} as p where p.${key.name} = t.${column.name})`;
}

function untilNow(value: string, since: Date): string {
  const start = `'${since.toISOString()}'::pg_catalog.timestamptz`;
  return `case when ${value} between ${start} and pg_catalog.clock_timestamp() then 'now' else ${value}::text end`;
}

function columnsTold(
  { columns }: Relation,
  leftOut: ReadonlySet<string> | undefined,
): Relation["columns"] {
  return columns.filter(({ name }) => leftOut?.has(name) !== true);
}

/**
 * A row's text tells null from an empty text, and where each value ends. The sum is a numeric, so
 * it does not depend on the order, and does not overflow.
 */
function digestOf(values: readonly string[]): string {
  const row = `row(${values.join(", ")})::text collate pg_catalog."C"`;
  return `pg_catalog.md5(pg_catalog.sum(pg_catalog.hashtextextended(${row}, 0))::text)`;
}

function tableRows(
  table: Relation,
  leftOut: ReadonlySet<string> | undefined,
  row: Row,
): readonly TableRows[] {
  const count = Number(row["count"] ?? 0);
  if (count === 0) return [];
  const digest = (index: number): string => row[`digest_${index}`] ?? "";
  const columns = columnsTold(table, leftOut).map(({ name, isNumbered }, index) => ({
    name,
    isNumbered,
    digest: digest(index + 2),
  }));
  return [
    { table: table.name, count, digest: digest(0), digestWithoutNumbers: digest(1), columns },
  ];
}

/** What a sequence holds is read, since nextval() would move it. Null where it is used up. */
function sequenceQuery(name: string): string {
  return `
select case when not v.is_called then v.last_value::text
            when n.next between q.seqmin and q.seqmax then n.next::text
            when q.seqcycle then (case when q.seqincrement > 0 then q.seqmin else q.seqmax end)::text
       end as next
  from ${name} v, pg_catalog.pg_sequence q, lateral (select v.last_value::pg_catalog.numeric + q.seqincrement) as n (next)
 where q.seqrelid = v.tableoid`;
}
