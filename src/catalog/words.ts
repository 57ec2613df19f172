/** Expressions that many descriptions are made of. */

/** A description, word by word: those that are null are left out. */
export function words(...parts: readonly string[]): string {
  return `pg_catalog.concat_ws(' ', ${parts.join(", ")})`;
}

/** The text where the condition holds, else null. */
export function given(condition: string, text: string): string {
  return `case when ${condition} then ${text} end`;
}

/** `word value` where there is a value, else null. */
export function named(word: string, value: string): string {
  return `'${word} ' || ${value}`;
}

export function oidOfCatalog(catalog: string): string {
  return `'pg_catalog.${catalog}'::pg_catalog.regclass`;
}

/** A comma between, in the order of the bytes; null where there are no rows. */
export function sortedList(expression: string, from: string): string {
  return `(select pg_catalog.string_agg(${expression}, ', ' order by ${expression} collate pg_catalog."C") from ${from})`;
}

/** ALTER … DEPENDS ON EXTENSION; null where there is none. */
export function extensionsNeeded(catalog: string, oid: string): string {
  return `'depends on extension ' || ${sortedList(
    "pg_catalog.quote_ident(e.extname)",
    `pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
       where d.classid = ${oidOfCatalog(catalog)} and d.objid = ${oid} and d.deptype = 'x'
         and d.refclassid = ${oidOfCatalog("pg_extension")}`,
  )}`;
}

/** Options have no order. */
export function options(array: string): string {
  return named("with", `'(' || ${sortedList("o", `pg_catalog.unnest(${array}) as o`)} || ')'`);
}

/**
 * Options that may hold a secret: of a user mapping, a server, a foreign-data wrapper. They are
 * printed, so a secret is not told.
 */
export function foreignOptions(array: string): string {
  const shown =
    "case when o ~* '^[^=]*(pass|secret|token|key|credential)[^=]*=' then pg_catalog.split_part(o, '=', 1) else o end";
  return named("options", `'(' || ${sortedList(shown, `pg_catalog.unnest(${array}) as o`)} || ')'`);
}

/** A function with its arguments; null where there is none. */
export function routine(word: string, oid: string): string {
  return given(`${oid} <> 0`, `'${word} ' || ${oid}::pg_catalog.regprocedure::text`);
}

/** O is what one gets without asking: A, R and D are told. */
export function firing(column: string): string {
  return `case ${column} when 'A' then 'enabled always' when 'R' then 'enabled on a replica' when 'D' then 'disabled' end`;
}
