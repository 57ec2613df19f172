/** What a database holds, read past the runner, and how it differs from what it should hold. */
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";

export interface State {
  /** The tracker's versions. */
  readonly applied: readonly string[];
  /** Rows of the tracker's progress. */
  readonly progress: readonly string[];
  readonly effects: readonly string[];
  readonly indexes: readonly string[];
  readonly columns: readonly string[];
  readonly labels: readonly string[];
  readonly partitions: readonly string[];
  readonly rows: readonly string[];
  /** Advisory locks in this database. */
  readonly locks: number;
}

const list = (query: string): string => `coalesce((${query}), '[]')`;

const stateQuery = `
select json_build_object(
  'applied', ${list("select json_agg(version::text order by version) from applied_migrations")},
  'progress', ${list("select json_agg(version || '.' || statement || ' ' || state) from applied_migrations_progress")},
  'effects', ${list(`select json_agg(version || case number when 1 then ' once' else ' ' || number || ' times' end
    order by version) from (select version, count(*) as number from effects group by version) e`)},
  'indexes', ${list(`select json_agg(c.relname || case when i.indisvalid and i.indisready and i.indislive
    then ' valid' else ' INVALID' end order by c.relname collate "C")
    from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'public'::regnamespace`)},
  'columns', ${list(`select json_agg(attname order by attnum) from pg_attribute
    where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped`)},
  'labels', ${list("select json_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = 'stage'::regtype")},
  'partitions', ${list(`select json_agg(inhrelid::regclass || case when inhdetachpending then ' PENDING'
    else ' attached' end) from pg_inherits where inhparent = 'events'::regclass`)},
  'rows', json_build_array(
    'orders ' || (select count(*) from orders), 'totals ' || (select sum(total) from orders),
    'events ' || (select count(*) from events), 'events_old ' || (select count(*) from events_old)),
  'locks', (select count(*) from pg_locks where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database()))
)::text as state`;

/** How the database differs from what it should hold: a line a difference. */
export async function differences(url: string, wanted: State): Promise<readonly string[]> {
  const deadlineMs = performance.now() + lockEndsMs;
  for (;;) {
    let state: State;
    try {
      const [row] = await ask(url, stateQuery);
      state = JSON.parse(row?.["state"] ?? "{}") as State;
    } catch (error) {
      return [`the state cannot be read: ${String(error)}`];
    }
    // A backend whose runner was killed while it connected may take the lock and end at once.
    if (state.locks > 0 && performance.now() < deadlineMs) {
      await sleep(100);
      continue;
    }
    const found = state;
    return Object.entries(wanted).flatMap(([key, value]) =>
      difference(key, [found[key as keyof State]].flat(), [value].flat()),
    );
  }
}

const lockEndsMs = 5000;

type Things = readonly (string | number)[];

function difference(key: string, found: Things, wanted: Things): readonly string[] {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return [];
  const extra = found.filter((thing) => !wanted.includes(thing));
  const missing = wanted.filter((thing) => !found.includes(thing));
  return [`${key}: [${extra.join(", ")}] too much, [${missing.join(", ")}] is missing`];
}

/** How far a run came. */
export interface Progress {
  readonly applied: readonly string[];
  /** A statement was started that cannot run in a transaction. */
  readonly isStarted: boolean;
  /** A concurrent index is being built, or was left unfinished. */
  readonly isInvalid: boolean;
}

export async function progressOf(url: string): Promise<Progress> {
  const [tables] = await ask(
    url,
    `select to_regclass('applied_migrations')::text as tracker, to_regclass('applied_migrations_progress')::text as progress,
      exists (select from pg_index where not indisvalid)::text as is_invalid`,
  );
  const applied =
    (tables?.["tracker"] ?? null) === null
      ? []
      : await ask(url, "select version::text from applied_migrations");
  const started =
    (tables?.["progress"] ?? null) === null
      ? []
      : await ask(url, "select 1 from applied_migrations_progress where state = 'started'");
  return {
    applied: applied.map((row) => row["version"] ?? ""),
    isStarted: started.length > 0,
    isInvalid: tables?.["is_invalid"] === "true",
  };
}

export async function ask(
  url: string,
  query: string,
): Promise<readonly Readonly<Record<string, string | null>>[]> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  try {
    return await sql.unsafe<Record<string, string | null>[]>(query).simple();
  } finally {
    await sql.end();
  }
}
