/** What a contract test stands on: one engine, one clean database, and the commands as functions. */
import { mark } from "../../src/commands/mark.ts";
import { planCommand } from "../../src/commands/plan.ts";
import { status } from "../../src/commands/status.ts";
import type { MarkChange } from "../../src/core/marking.ts";
import type { Problem } from "../../src/core/problem.ts";
import type { TrackerName } from "../../src/core/tracker.ts";
import type { Outcome } from "../../src/outcome.ts";
import type { Database, Row, Session } from "../../src/ports.ts";
import type {
  MarkRequest,
  PlanRequest,
  StatusRequest,
  UpRequest,
  VerifyRequest,
} from "../../src/request.ts";
import { databaseAt, type Engine, type FreshDatabase, sessionOptions } from "../support/engines.ts";
import {
  databaseRequest,
  type Files,
  policyRequest,
  refusalAsOutcome,
  runUp,
  runVerify,
  type TestWorld,
  upRequest,
  worldOf,
} from "../support/worlds.ts";

export interface Ran {
  readonly outcome: Outcome;
  readonly applied: readonly string[];
  /** The problems' codes, in order. */
  readonly problems: readonly string[];
  readonly first: Problem | undefined;
  readonly world: TestWorld;
}

export interface Ground {
  readonly engine: Engine;
  readonly database: Database;
  readonly url: string;
  /** Runs a script in a session beside lacuna's and gives the rows of each statement. */
  sql(script: string): Promise<readonly (readonly Row[])[]>;
  /** The first column of the first row of the last row set. */
  value(script: string): Promise<string | null>;
  up(files: Files, request?: Partial<UpRequest>): Promise<Ran>;
  plan(files: Files, request?: Partial<PlanRequest>): Promise<Ran>;
  status(files: Files, request?: Partial<StatusRequest>): Promise<Ran>;
  mark(files: Files, change: MarkChange, request?: Partial<MarkRequest>): Promise<Ran>;
  /** @param url Where to connect to, unless it is the ground's own. */
  verify(files: Files, request?: Partial<VerifyRequest>, url?: string): Promise<Ran>;
  /** Every version with its states, as `status` shows them: `3: gap`. */
  states(files: Files, request?: Partial<StatusRequest>): Promise<readonly string[]>;
  /** The versions in the tracker, in numeric order. */
  versions(tracker?: string): Promise<readonly string[]>;
  /** Sets something for every session to come, as ALTER DATABASE does. */
  configure(setting: string): Promise<unknown>;
  /** Whether a table, view or index is there. */
  exists(name: string): Promise<boolean>;
  /** Everything that users made and every row of it, as a text that can be compared. */
  snapshot(): Promise<string>;
}

export async function lastRows(
  ground: Pick<Ground, "sql">,
  script: string,
): Promise<readonly Row[]> {
  return (await ground.sql(script)).at(-1) ?? [];
}

export function groundOn(
  engine: Engine,
  fresh: Pick<FreshDatabase, "database" | "url" | "sql">,
): Ground {
  const { database } = fresh;
  const sql: Ground["sql"] = (script) => fresh.sql(script);
  const value: Ground["value"] = async (script) => {
    const [row] = (await sql(script)).at(-1) ?? [];
    return Object.values(row ?? {})[0] ?? null;
  };
  const runStatus: Ground["status"] = (files, request) => {
    const world = worldOf(database, files);
    const whole: StatusRequest = {
      command: "status",
      ...databaseRequest,
      check: false,
      fingerprint: false,
    };
    return ran(world, () => status(world, { ...whole, ...request }));
  };
  return {
    engine,
    database,
    url: fresh.url ?? "",
    sql,
    value,
    async up(files, request) {
      const { outcome, applied, problems, world } = await runUp(database, files, request);
      return { outcome, applied, problems, first: problemsOf(outcome)[0], world };
    },
    plan(files, request) {
      const world = worldOf(database, files);
      const whole: PlanRequest = { command: "plan", ...databaseRequest, ...policyRequest };
      return ran(world, () => planCommand(world, { ...whole, ...request }));
    },
    status: runStatus,
    mark(files, change, request) {
      const world = worldOf(database, files);
      const whole: MarkRequest = {
        command: "mark",
        ...databaseRequest,
        lockWaitMs: upRequest.lockWaitMs,
        pooler: upRequest.pooler,
        change,
      };
      return ran(world, () => mark(world, { ...whole, ...request }));
    },
    verify(files, request, url) {
      const world = worldOf(url === undefined ? database : databaseAt(url), files);
      const sibling = (name: string): Promise<Database> =>
        Promise.resolve(databaseAt(siblingUrl(fresh.url ?? "", name)));
      return ran(world, () => runVerify(world, sibling, { engine: engine.kind, ...request }));
    },
    async states(files, request) {
      const { outcome } = await runStatus(files, request);
      if (outcome.kind !== "status") throw new Error(`no status: ${JSON.stringify(outcome)}`);
      return outcome.diff.entries.map((entry) => `${entry.version}: ${entry.states.join(", ")}`);
    },
    async versions(tracker = "public.applied_migrations") {
      const text = await value(
        `select string_agg(version::text, ' ' order by version) from ${tracker}`,
      );
      return text === null ? [] : text.split(" ");
    },
    async exists(name) {
      return (await value(`select to_regclass('${name}') is not null`)) === "t";
    },
    configure: (setting) =>
      sql(
        `do $$ begin execute format('alter database %I set ${setting}', current_database()); end $$`,
      ),
    snapshot: () => snapshotOf(sql),
  };
}

export function siblingUrl(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

async function ran(world: TestWorld, work: () => Promise<Outcome>): Promise<Ran> {
  const outcome = await refusalAsOutcome(work);
  const problems = problemsOf(outcome);
  return {
    outcome,
    applied: [],
    problems: problems.map((problem) => problem.code),
    first: problems[0],
    world,
  };
}

function problemsOf(outcome: Outcome): readonly Problem[] {
  return "problems" in outcome ? outcome.problems : [];
}

/** What `plan` would do, in order, gaps marked. */
export function planned({ outcome }: Ran): readonly string[] {
  if (outcome.kind !== "plan") return ["no plan"];
  return outcome.preview.steps.map(({ entry }) =>
    entry.states.includes("gap") ? `${entry.migration.id} (gap)` : entry.migration.id,
  );
}

/** What `verify` says of each pending migration: `2_b: passed`. */
export function verdicts({ outcome }: Ran): readonly string[] {
  if (outcome.kind !== "verify") return [`no rehearsal: ${JSON.stringify(outcome)}`];
  return outcome.verdicts.map(({ migration, result }) => `${migration.id}: ${result}`);
}

/** Where a failed migration is said to have failed: line and column. */
export function placeOfFailure({ first }: Ran): string {
  if (first?.code !== "migration-failed") return `no failure: ${JSON.stringify(first)}`;
  return first.place === undefined ? "nowhere" : `${first.place.line}:${first.place.column}`;
}

export function stageOfFailure({ first }: Ran): string {
  if (first?.code !== "migration-failed") return `no failure: ${JSON.stringify(first)}`;
  const { stage } = first;
  return stage.kind === "statement" ? `statement ${stage.number} of ${stage.of}` : stage.kind;
}

/** A tracker's request and its name as SQL writes it. */
export function trackerNamed(schema: string, table: string): { tracker: TrackerName; sql: string } {
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  return { tracker: { schema, table }, sql: `${quote(schema)}.${quote(table)}` };
}

/** Runs `work` while a second session is open. */
export function beside<T>(
  ground: Pick<Ground, "database">,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return ground.database.session({ ...sessionOptions, applicationName: "beside" }, work);
}

const firstUserOid = 16_384;

/** An xmin changes with every write to a row, but not with what autovacuum does in place. */
const catalogs: readonly (readonly [table: string, key: string])[] = [
  ["pg_namespace", "oid"],
  ["pg_class", "oid"],
  ["pg_attribute", "attrelid"],
  ["pg_proc", "oid"],
  ["pg_type", "oid"],
  ["pg_constraint", "oid"],
  ["pg_description", "objoid"],
];

async function snapshotOf(sql: Ground["sql"]): Promise<string> {
  const [tables = [], ...parts] = await sql(
    [
      `select oid::regclass as name from pg_class where relkind in ('r', 'p') and oid >= ${firstUserOid} order by oid`,
      ...catalogs.map(
        ([table, key]) =>
          `select string_agg(${key} || ':' || xmin, ',' order by ${key}, xmin::text) as rows from ${table} where ${key} >= ${firstUserOid}`,
      ),
    ].join("; "),
  );
  const rows =
    tables.length === 0
      ? []
      : await sql(
          tables
            .map(
              ({ name }) =>
                `select ctid::text, xmin::text, t::text as row from ${name} t order by 1, 2`,
            )
            .join("; "),
        );
  return JSON.stringify([tables, parts, rows]);
}
