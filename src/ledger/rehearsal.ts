/** Our own SQL around a rehearsal: the savepoint bracket, who else is there, what is left behind. */
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { Kept } from "../core/kept.ts";
import type { ServerMessage } from "../core/problem.ts";
import { type Bracket, Refusal, type Session, SqlError } from "../ports.ts";
import { catalogRows } from "./catalog.ts";

/**
 * Stands around a migration that shares one transaction with others.
 *
 * What COMMIT would check is checked by name, and every constraint is set back to its own mode:
 * SET CONSTRAINTS ALL stays in force for the rest of the transaction, also for constraints that
 * do not exist yet, and the next migration that inserts a child before its parent would fail
 * although it is right (research: mechanisms, M6). The names are not known before the body has
 * run, so they are looked up by a DO, under the body's own role and search_path.
 *
 * A name that a constraint shares with one that is not deferrable cannot be set back, and stays
 * immediate. https://www.postgresql.org/docs/current/sql-set-constraints.html
 */
const settleByName = `do $lacuna$
declare
  lacuna_all text;
  lacuna_deferred text;
begin
  select pg_catalog.string_agg(distinct named.name, ', '),
         pg_catalog.string_agg(distinct named.name, ', ') filter (where named.deferred and not exists (
           select from pg_catalog.pg_constraint s
            where s.connamespace operator(pg_catalog.=) named.space
              and s.conname operator(pg_catalog.=) named.conname and not s.condeferrable))
    into lacuna_all, lacuna_deferred
    from (select pg_catalog.format('%I.%I', n.nspname, c.conname) as name, c.condeferred as deferred,
                 c.connamespace as space, c.conname
            from pg_catalog.pg_constraint c
            join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.connamespace
           where c.condeferrable and pg_catalog.has_schema_privilege(n.oid, 'usage')
             and (not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_temp_')
                  or n.oid operator(pg_catalog.=) pg_catalog.pg_my_temp_schema())) named;
  if lacuna_all is not null then
    execute pg_catalog.concat('set constraints ', lacuna_all, ' immediate');
  end if;
  if lacuna_deferred is not null then
    execute pg_catalog.concat('set constraints ', lacuna_deferred, ' deferred');
  end if;
end
$lacuna$`;

export const savepointBracket: Bracket = {
  open: "savepoint lacuna_migration",
  settle: settleByName,
  settleOwn: settleByName,
  close: "release savepoint lacuna_migration",
  closeTag: "RELEASE",
};

/**
 * The other clients of this database, in words. For other users' sessions an ordinary role sees
 * neither the kind nor the name; autovacuum's have no user.
 */
export async function otherClients(session: Session): Promise<readonly string[]> {
  const [rows = []] = await catalogRows(
    session,
    `
select a.pid::text as pid, a.application_name as name
  from pg_catalog.pg_stat_activity a
 where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid()
   and (a.backend_type = 'client backend' or (a.backend_type is null and a.usesysid is not null))
 order by a.pid`,
  );
  return rows.map((row) => {
    const name = row["name"] ?? "";
    return name === "" ? `pid ${row["pid"]}` : `pid ${row["pid"]}, ${name}`;
  });
}

/** What PostgreSQL does not put back when it rolls back: sequences, and the planner's counts. */
export async function readKept(session: Session): Promise<Kept> {
  const [sequences = [], counts = []] = await catalogRows(
    session,
    `
select pg_catalog.format('%I.%I', s.schemaname, s.sequencename) as name, s.last_value::text as value
  from pg_catalog.pg_sequences s;
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
       pg_catalog.concat(c.relpages, ' ', c.reltuples) as value
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'm', 'i', 'I', 't') and c.oid >= 16384`,
  );
  const toMap = (rows: typeof sequences): ReadonlyMap<string, string> =>
    new Map(rows.map((row) => [row["name"] ?? "", row["value"] ?? "not used"]));
  return { sequences: toMap(sequences), counts: toMap(counts) };
}

/** Makes the roles that are not there. An empty Postgres has none but its superuser. */
export async function ensureRoles(session: Session, roles: readonly string[]): Promise<void> {
  if (roles.length === 0) return;
  const names = roles.map((role) => quoteLiteral(role)).join(", ");
  const [rows = []] = await catalogRows(
    session,
    `select r.rolname as name from pg_catalog.pg_roles r where r.rolname in (${names})`,
  );
  const present = new Set(rows.map((row) => row["name"]));
  const missing = roles.filter((role) => !present.has(role));
  if (missing.length === 0) return;
  try {
    await session.run(missing.map((role) => `create role ${quoteIdentifier(role)}`).join("; "));
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "server") throw error;
    const message = `Cannot make the roles ${missing.join(", ")}: ${error.server.message}`;
    throw new Refusal([{ code: "usage", message, hint: "--roles takes names of ordinary roles" }]);
  }
}

/** What PostgreSQL says against a regular expression; undefined where it takes it. */
export async function faultOfRegex(
  session: Session,
  pattern: string,
): Promise<ServerMessage | undefined> {
  try {
    await catalogRows(session, `select pg_catalog.regexp_match('', ${quoteLiteral(pattern)})`);
    return undefined;
  } catch (error) {
    const isFault = error instanceof SqlError && error.server.code === invalidRegex;
    if (!isFault) throw error;
    // Its position lies in our statement.
    const { position: _position, ...server } = error.server;
    return server;
  }
}

const invalidRegex = "2201B";

/** Whether somebody's operators have the names of those that match regular expressions. */
export async function hasMatchOperators(session: Session): Promise<boolean> {
  const [rows] = await catalogRows(
    session,
    "select exists (select from pg_catalog.pg_operator o where o.oid >= 16384 " +
      "and o.oprname in ('~', '~*', '!~', '!~*'))::text as found",
  );
  return rows?.[0]?.["found"] === "true";
}
