/** What a database holds beside a tracker: a full one is not taken for new. */
import type { UserObjects } from "../core/takeover.ts";
import type { TrackerName } from "../core/tracker.ts";
import type { Row, Session } from "../ports.ts";
import { catalogRows } from "./catalog.ts";
import { schemasLookedAt, theirSchema } from "./legacy.ts";

/**
 * Tables, views, routines and types of users in the schemas that `up` looks at. What belongs
 * to an extension, to a table (its row type, its array type) or to lacuna does not count.
 */
export async function findUserObjects(
  session: Session,
  tracker: TrackerName,
  legacyTables: readonly TrackerName[],
): Promise<UserObjects> {
  const schemas = schemasLookedAt(tracker);
  const ours = [tracker.table, `${tracker.table}_progress`];
  const notOfExtension = (catalog: string): string =>
    `not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass ` +
    "and d.objid = o.oid and d.deptype = 'e')";
  const [rows = []] = await catalogRows(
    session,
    `
with objects as (
  select n.nspname, o.relname as name, 1 as rank
    from pg_catalog.pg_class o join pg_catalog.pg_namespace n on n.oid = o.relnamespace
   where o.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and n.nspname in ${schemas} and ${notOfExtension("pg_class")}
  union all
  select n.nspname, o.proname || '()', 2
    from pg_catalog.pg_proc o join pg_catalog.pg_namespace n on n.oid = o.pronamespace
   where n.nspname in ${schemas} and ${notOfExtension("pg_proc")}
  union all
  select n.nspname, o.typname, 3
    from pg_catalog.pg_type o join pg_catalog.pg_namespace n on n.oid = o.typnamespace
   where n.nspname in ${schemas} and o.typtype in ('d', 'e', 'r') and ${notOfExtension("pg_type")}
)
select nspname as schema, name, pg_catalog.count(*) over ()::text as count from objects order by rank, nspname, name
 limit 200`,
    theirSchema,
  );
  const legacy = new Set(legacyTables.map((one) => `${one.schema}.${one.table}`));
  const isOurs = (row: Row): boolean =>
    (row["schema"] === tracker.schema && ours.includes(row["name"] ?? "")) ||
    legacy.has(`${row["schema"]}.${row["name"]}`);
  const theirs = rows.filter((row) => !isOurs(row));
  const count = Number(rows[0]?.["count"] ?? 0) - rows.filter(isOurs).length;
  return {
    count: theirs.length === 0 ? 0 : count,
    examples: theirs.slice(0, 3).map((row) => `${row["schema"]}.${row["name"]}`),
  };
}
