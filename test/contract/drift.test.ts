/** `drift`: a database against what its applied migrations make, whatever its major. */
import { expect } from "bun:test";
import { threadedPglite } from "../../src/adapters/pglite-thread.ts";
import { drift, type DriftWorld } from "../../src/commands/drift.ts";
import type { Problem } from "../../src/core/problem.ts";
import type { DriftOutcome, Outcome } from "../../src/outcome.ts";
import type { Database, Session } from "../../src/ports.ts";
import type { DriftRequest } from "../../src/request.ts";
import { databaseAt, engines, pgliteImage, sessionOptions } from "../support/engines.ts";
import { everyKind } from "../support/every-kind.ts";
import { richViews } from "../support/rich-views.ts";
import { type Major, sharedServer } from "../support/servers.ts";
import { databaseRequest, type Files, refusalAsOutcome, worldOf } from "../support/worlds.ts";
import { contractSideBySide, everyday } from "./contract.ts";
import type { Ground } from "./ground.ts";

const users = `create type mood as enum ('glad', 'sad');
create sequence numbers increment 2;
create table users (id int primary key, zip varchar(5), email text not null default 'none', name varchar(20), age int check (age > 0), mood mood);
create index users_email_idx on users (email);
create index users_name_idx on users (name);
create function twice(n int) returns int language sql as 'select n * 2';
create function touch() returns trigger language plpgsql as $$
begin
  new.name := 'touched';
  return new;
end $$;
create trigger touched before update on users for each row execute function touch();
create view names as select id, name from users where age > 1;
alter table users enable row level security;
create policy own on users using (id in (select age from users));
comment on table users is 'people';
create table orders (id int primary key, user_id int constraint orders_user references users)`;

contractSideBySide(
  [],
  (check, { major }) => {
    check("a schema of every kind differs in nothing, whatever the major", async (ground) => {
      const files = { "1_kinds.sql": everyKind, "2_views.sql": richViews };
      await applied(ground, files);
      const found = await driftOf(ground, files, embedded);
      expect(lines(found)).toEqual([]);
      const others = found.drift.toldApart.map(({ reason }) => reason);
      const known = [
        ...(major < 18 ? [notNull, copies] : []),
        ...(major < 16 ? [`PostgreSQL ${major} prints it otherwise than 18`] : []),
      ];
      expect([...new Set(others)].toSorted()).toEqual(known.toSorted());
      expect(found.problems).toEqual([]);
    });

    check("each change by hand is found and named", async (ground) => {
      const files = { "1_users.sql": users };
      await applied(ground, files);
      for (const [sql] of changes) await ground.sql(sql);
      const found = await driftOf(ground, files);
      expect(lines(found)).toEqual(changes.flatMap(([, ...expected]) => expected).toSorted());
      expect(found.problems).toEqual([
        { code: "drift-found", findings: found.drift.findings.length },
      ]);
      expect(found.drift.columnOrders).toEqual([]);
      const body = found.drift.findings.find(({ name }) => name === "public.touch()");
      expect(body?.actual).toContain("by hand");
      const table = found.drift.findings.find(({ name }) => name === "public.extra");
      expect(table?.parts).toContain("column public.extra.id");
    });
  },
  everyday,
);

contractSideBySide(
  [],
  (check, engine) => {
    check(
      "a role that may only read the tracker is enough, and nothing is written",
      async (ground) => {
        const files = { "1_users.sql": users };
        // Roles belong to the server, which other tests use at the same time.
        const reader = `drift_reader_${crypto.randomUUID().slice(0, 8)}`;
        await applied(ground, files);
        await ground.sql(
          `drop index users_email_idx; create role ${reader} login; grant select on applied_migrations to ${reader}`,
        );
        const before = await ground.snapshot();
        const url = new URL(ground.url);
        url.username = reader;
        const seen: string[] = [];
        const watched = watching(databaseAt(url.href), async (session) => {
          const [rows] = await session.rows("show default_transaction_read_only");
          seen.push(rows?.[0]?.["default_transaction_read_only"] ?? "");
          await session.run("create temp table x ()").catch((error: unknown) => {
            seen.push(String(error));
          });
        });
        const found = await driftOf(ground, files, {}, watched);
        expect(lines(found)).toEqual(["missing: index public.users_email_idx"]);
        // One connection.
        expect(seen).toHaveLength(2);
        expect(seen[0]).toBe("on");
        expect(seen[1]).toContain("read-only transaction");
        expect(await ground.snapshot()).toBe(before);
        await ground.sql(`drop owned by ${reader}; drop role ${reader}`);
      },
    );

    check(
      "what is pending is no concern, and an empty database is what nothing makes",
      async (ground) => {
        const files = { "1_users.sql": users, "3_more.sql": "create table more ()" };
        expect(lines(await driftOf(ground, files))).toEqual([]);
        await applied(ground, { "1_users.sql": users });
        expect(lines(await driftOf(ground, { ...files, "2_gap.sql": "broken" }))).toEqual([]);
      },
    );

    check("the order in which they were applied is replayed", async (ground) => {
      const first = {
        "1_type.sql": "create type mood as enum ('glad')",
        "3_sad.sql": "alter type mood add value 'sad'; create table t (a int)",
      };
      const late = { ...first, "2_calm.sql": "alter type mood add value 'calm'" };
      await applied(ground, first);
      await applied(ground, late);
      const labels = "select string_agg(enumlabel, ' ' order by enumsortorder) from pg_enum";
      expect(await ground.value(labels)).toBe("glad sad calm");
      expect(lines(await driftOf(ground, late))).toEqual([]);
    });

    check("column order alone is a note", async (ground) => {
      const files = { "1_t.sql": "create table t (a int, b int)" };
      await applied(ground, files);
      await ground.sql("drop table t; create table t (b int, a int)");
      const found = await driftOf(ground, files);
      expect(lines(found)).toEqual([]);
      expect(found.drift.columnOrders).toEqual(["public.t"]);
    });

    check(
      "a restored dump's conditions are read again before they are compared",
      async (ground) => {
        const condition = "create table t (a varchar check (a in ('x', 'y')))";
        const files = { "1_t.sql": condition };
        await applied(ground, files);
        const printed = await ground.value(
          "select pg_get_constraintdef(oid) from pg_constraint where conname = 't_a_check'",
        );
        await ground.sql(
          `alter table t drop constraint t_a_check; alter table t add constraint t_a_check ${printed}`,
        );
        const found = await driftOf(ground, files);
        expect(lines(found)).toEqual([]);
        expect(found.drift.toldApart.map(({ name }) => name)).toContain("public.t.t_a_check");
        await ground.sql(
          "alter table t drop constraint t_a_check; alter table t add constraint t_a_check check (a in ('x', 'z'))",
        );
        expect(lines(await driftOf(ground, files))).toEqual([
          "changed: constraint public.t.t_a_check",
        ]);
      },
    );

    check(
      "an adopted history is replayed in numeric order, its tracker told apart",
      async (ground) => {
        await ground.sql(
          "create table schema_migrations (version bigint primary key, dirty boolean not null); insert into schema_migrations values (10, false); create table a (id int, b text); create table by_hand ()",
        );
        const files = {
          "2_a.sql": "create table a (id int)",
          "10_b.sql": "alter table a add column b text",
        };
        const expected = ["made by hand: table public.by_hand"];
        expect(lines(await driftOf(ground, files))).toEqual(expected);
        await applied(ground, files);
        const found = await driftOf(ground, files);
        expect(lines(found)).toEqual(expected);
        expect(found.applied).toBe(2);
        expect(found.drift.toldApart.map(({ name }) => name)).toContain("public.schema_migrations");
      },
    );

    check("versions without a file and edited files are said", async (ground) => {
      const files = { "1_a.sql": "create table a ()", "2_b.sql": "create table b ()" };
      await applied(ground, { ...files, "3_c.sql": "create table c ()" });
      const found = await driftOf(ground, { ...files, "2_b.sql": "create table b (id int)" });
      expect(lines(found)).toEqual(["made by hand: table public.c", "missing: column public.b.id"]);
      expect(found.notes.map(({ code, entry }) => `${entry.version}: ${code}`)).toEqual([
        "2: changed",
        "3: ahead",
      ]);
    });

    check("a history that contradicts itself is refused as plan refuses it", async (ground) => {
      await applied(ground, { "1_a.sql": "create table a ()" });
      expect(codes(await ran(ground, { "1_b.sql": "create table a ()" }))).toEqual(["renamed"]);
      await ground.sql("delete from applied_migrations");
      expect(codes(await ran(ground, { "1_a.sql": "create table a ()" }))).toEqual([
        "not-a-new-database",
      ]);
    });

    check("an applied file that fails is named, with why", async (ground) => {
      const files = { "1_a.sql": "create table a ()", "2_b.sql": "create table b ()" };
      await applied(ground, files);
      const edited = { ...files, "2_b.sql": "alter table nowhere add column id int" };
      expect(codes(await ran(ground, edited))).toEqual(["base-failed", "migration-failed"]);
    });

    check("a file that stopped half-way has made what it names", async (ground) => {
      const files = {
        "1_a.sql": "create table a (id int); insert into a values (1), (1)",
        "2_b.sql":
          "-- lacuna: no-transaction\ncreate index concurrently a_fine on a (id);\ncreate unique index concurrently a_key on a (id)",
      };
      expect((await ground.up(files)).problems).toEqual(["migration-failed"]);
      const found = await driftOf(ground, files);
      expect(lines(found)).toEqual([]);
      expect(found.unreplayed.map(({ migration }) => migration.id)).toEqual(["2_b"]);
    });

    check("owners and privileges are compared where that is asked for", async (ground) => {
      const files = { "1_a.sql": "create table a (); create view b as select 1 as one" };
      await applied(ground, files);
      await ground.sql("grant select on a to public");
      expect(lines(await driftOf(ground, files))).toEqual([]);
      const found = await driftOf(ground, files, { grants: true });
      expect(lines(found)).toEqual(["changed: privileges table public.a"]);
    });

    check("what an extension that the engine lacks has made is told apart", async (ground) => {
      const files = {
        "1_a.sql": "create table a (id int)",
        "2_ssl.sql":
          "create extension sslinfo; create table safe (id int primary key, ok bool default ssl_is_used()); create index on safe (ok); alter table a add column c text",
        "3_more.sql": "alter table safe add column d int",
      };
      await applied(ground, files);
      await ground.sql("alter table a add column by_hand int");
      const found = await driftOf(ground, files, embedded);
      expect(lines(found)).toEqual(["made by hand: column public.a.by_hand"]);
      expect(found.unreplayed.map(({ migration }) => migration.id)).toEqual(["2_ssl", "3_more"]);
      expect(found.unreplayed[0]?.reason).toContain("sslinfo");
      const onServer = await driftOf(ground, files);
      expect(lines(onServer)).toEqual(["made by hand: column public.a.by_hand"]);
      expect(onServer.unreplayed).toEqual([]);
    });

    check("replayed on the database's own major nothing has to be told apart", async (ground) => {
      const files = { "1_users.sql": users, "2_views.sql": richViews };
      await applied(ground, files);
      await ground.sql("drop index users_email_idx");
      const found = await driftOf(ground, files, {}, ground.database, engine.major);
      expect(lines(found)).toEqual(["missing: index public.users_email_idx"]);
      expect(found.drift.toldApart).toEqual([]);
      expect(found.replayed).toEqual({ where: "scratch", serverVersion: found.serverVersion });
    });

    check("what the engine may not do on a whole server is told apart", async (ground) => {
      const role = `contract_owner_${engine.major}`;
      const files = {
        "1_role.sql": `create role ${role}; create table theirs (); alter table theirs owner to ${role}`,
        "2_a.sql": "create table a ()",
      };
      await applied(ground, files);
      const found = await driftOf(ground, files);
      expect(lines(found)).toEqual([]);
      expect(found.unreplayed.map(({ migration }) => migration.id)).toEqual(["1_role"]);
      expect(lines(await driftOf(ground, files, embedded))).toEqual([]);
      await ground.sql(`drop table theirs; drop role ${role}`);
    });
  },
  engines.filter(({ kind, major }) => kind === "server" && major === 14),
);

const notNull = "before PostgreSQL 18 a NOT NULL is the column's, and no object of its own";
const copies = "since PostgreSQL 18 the copies of a foreign key are named otherwise";

/** What somebody does, and what is to be said of it. */
const changes: readonly (readonly [sql: string, ...lines: string[]])[] = [
  ["alter table users add column phone text", "made by hand: column public.users.phone"],
  [
    "alter table orders drop column user_id",
    "missing: column public.orders.user_id",
    "missing: constraint public.orders.orders_user",
  ],
  ["alter table users alter column zip type text", "changed: column public.users.zip"],
  ["alter table users alter column email drop default", "changed: column public.users.email"],
  ["create index users_by_hand on users (age)", "made by hand: index public.users_by_hand"],
  ["drop index users_email_idx", "missing: index public.users_email_idx"],
  [
    "alter table users drop constraint users_age_check; alter table users add constraint users_age_check check (age > 0) not valid",
    "changed: constraint public.users.users_age_check",
  ],
  ["alter table users disable trigger touched", "changed: trigger public.users.touched"],
  [
    "create or replace function touch() returns trigger language plpgsql as $$\nbegin\n  new.name := 'by hand';\n  return new;\nend $$",
    "changed: function public.touch()",
  ],
  [
    "create or replace view names as select id, name from users where age > 2",
    "changed: view public.names",
  ],
  [
    "alter policy own on users using (id in (select age + 1 from users))",
    "changed: policy public.users.own",
  ],
  ["alter type mood add value 'calm' before 'sad'", "changed: enum public.mood"],
  ["alter table orders enable row level security", "changed: table public.orders"],
  ["comment on table users is 'customers'", "changed: comment table public.users"],
  ["alter sequence numbers increment 3", "changed: sequence public.numbers"],
  ["create table extra (id int primary key)", "made by hand: table public.extra"],
  ["alter function twice(int) immutable", "changed: function public.twice(integer)"],
];

const embedded: Partial<DriftRequest> = { scratchOn: undefined };

/** Databases are made in no time, embedded engines take seconds. Where it is, ran() knows. */
const scratch: Pick<DriftRequest, "scratchOn"> = {
  scratchOn: {
    engine: "server",
    hosts: [],
    user: "",
    password: undefined,
    database: "",
    tls: { mode: "disable", rootCertificate: undefined, certificate: undefined, key: undefined },
    sessionAttributes: "any",
    options: undefined,
    applicationName: undefined,
  },
};

async function applied(ground: Ground, files: Files): Promise<void> {
  expect((await ground.up(files)).problems).toEqual([]);
}

function lines({ drift: { findings } }: DriftOutcome): readonly string[] {
  return findings.map(({ finding, kind, name }) => `${finding}: ${kind} ${name}`).toSorted();
}

function codes(outcome: Outcome): readonly Problem["code"][] {
  return "problems" in outcome ? outcome.problems.map(({ code }) => code) : [];
}

async function driftOf(
  ground: Ground,
  files: Files,
  request: Partial<DriftRequest> = {},
  database = ground.database,
  replayedOn: Major = 18,
): Promise<DriftOutcome> {
  const outcome = await ran(ground, files, request, database, replayedOn);
  if (outcome.kind !== "drift") throw new Error(`no drift: ${JSON.stringify(outcome)}`);
  return outcome;
}

async function ran(
  ground: Ground,
  files: Files,
  request: Partial<DriftRequest> = {},
  database = ground.database,
  replayedOn: Major = 18,
): Promise<Outcome> {
  const server = await sharedServer(replayedOn);
  const made: string[] = [];
  const world: DriftWorld = {
    ...worldOf(database, files),
    async embedded() {
      const image = new Uint8Array(await (await pgliteImage()).arrayBuffer());
      return threadedPglite({ stuckAfterMs: 60_000, image });
    },
    onServer(name) {
      if (name !== undefined) made.push(name);
      return Promise.resolve(databaseAt(server.url(name)));
    },
  };
  const whole: DriftRequest = {
    command: "drift",
    ...databaseRequest,
    ...scratch,
    pooler: "auto",
    stuckAfterMs: 60_000,
    roles: [],
    grants: false,
    ignore: [],
  };
  const outcome = await refusalAsOutcome(() =>
    inTurn(() => drift(world, { ...whole, ...request })),
  );
  const left = await databaseAt(server.url()).session(sessionOptions, (session) =>
    session.rows("select datname from pg_database"),
  );
  for (const { datname } of left[0] ?? []) expect(made).not.toContain(datname ?? "");
  return outcome;
}

/** Two engines at once: more take longer than the tests have patience. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const index = turns.next++ % turns.ends.length;
  const before = turns.ends[index];
  const { promise, resolve } = Promise.withResolvers<void>();
  turns.ends[index] = promise;
  await before;
  try {
    return await work();
  } finally {
    resolve();
  }
}

const turns = { next: 0, ends: [Promise.resolve(), Promise.resolve()] };

/** Looks into each session behind its work. */
function watching(database: Database, look: (session: Session) => Promise<void>): Database {
  return {
    ...database,
    session: (options, work) =>
      database.session(options, async (session) => {
        const result = await work(session);
        await look(session);
        return result;
      }),
  };
}
