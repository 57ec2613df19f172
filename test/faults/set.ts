/**
 * The set that all rounds apply, and what a database holds once it is applied. Each file inserts one
 * effect; some sleep inside, so that random moments meet them at work.
 */
import type { State } from "./state.ts";

const rows = 10_000;

/**
 * The server ends a statement whose runner died: without this it looks after two seconds, and has
 * mostly finished by then. Both happen here.
 */
const impatient = "set client_connection_check_interval = '20ms';";

export const files: Readonly<Record<string, string>> = {
  "01_effects.sql": effect(
    1,
    "create table effects (version int not null, at timestamptz not null default clock_timestamp());",
    // Between an effect and its row lie some milliseconds, so that a fault can come there.
    "create function pause() returns trigger language plpgsql as",
    "$$ begin perform pg_catalog.pg_sleep(0.01); return new; end $$;",
    "create trigger pause before insert on applied_migrations for each row execute function pause();",
  ),
  "02_orders.sql": effect(
    2,
    "create table orders (id int primary key, customer int not null, note text not null);",
    `insert into orders select n, n % 100, md5(n::text) from generate_series(1, ${rows}) n;`,
  ),
  // Each row out of 800 costs 10 ms, so that building an index on it takes a while and no processor.
  "03_slowly.sql": effect(
    3,
    "create function slowly(value int) returns int language plpgsql immutable as $$",
    "begin if value % 800 = 0 then perform pg_sleep(0.01); end if; return value; end $$;",
  ),
  "04_indexes.sql": outside(
    "create index concurrently orders_customer on orders (customer);",
    "insert into effects values (4);",
    "create unique index concurrently orders_note on orders (note);",
    impatient,
    "create index concurrently orders_slow on orders (slowly(id));",
  ),
  "05_total.sql": effect(
    5,
    "alter table orders add column total int not null default 0;",
    "create index orders_total on orders (total, slowly(id));",
    "create trigger pause before insert on applied_migrations_progress for each row",
    "when (new.state = 'done') execute function pause();",
  ),
  "06_stage.sql": `begin;\n${effect(6, "create type stage as enum ('new');")}commit;\n`,
  "07_paid.sql": effect(7, "alter type stage add value 'paid';"),
  "08_sent.sql": outside(
    "alter type stage add value 'sent';",
    "insert into effects values (8);",
    "vacuum orders;",
  ),
  "09_dropped.sql": outside(
    "insert into effects values (9);",
    "drop index concurrently orders_customer;",
    "create index concurrently if not exists orders_customer_total on orders (customer, total);",
  ),
  "10_rebuilt.sql": outside(
    impatient,
    // Of no index that is built concurrently: that would mend one that was left INVALID.
    "reindex index concurrently orders_total;",
    "insert into effects values (10);",
  ),
  "11_events.sql": effect(
    11,
    "create table events (id int not null) partition by range (id);",
    "create table events_old partition of events for values from (0) to (1000);",
    "create table events_new partition of events for values from (1000) to (2000);",
    "insert into events select generate_series(0, 1999);",
  ),
  "12_detached.sql": outside(
    "set application_name = 'detaching';",
    "alter table events detach partition events_old concurrently;",
    "insert into effects values (12);",
  ),
  "13_summed.sql": effect(
    13,
    "update orders set total = total + 1 where id <= 100;",
    "select pg_sleep(0.05);",
  ),
  // A file of one such statement needs no directive, and has no effect to count but its index.
  "14_last.sql": "create index concurrently orders_last on orders (slowly(id), customer);\n",
};

const versions = Array.from({ length: 14 }, (_, index) => String(index + 1));

export const count: number = versions.length;

export const complete: State = {
  applied: versions,
  progress: [],
  effects: versions.slice(0, -1).map((version) => `${version} once`),
  indexes: [
    "applied_migrations_pkey",
    "applied_migrations_progress_pkey",
    "orders_customer_total",
    "orders_last",
    "orders_note",
    "orders_pkey",
    "orders_slow",
    "orders_total",
  ].map((name) => `${name} valid`),
  columns: ["id", "customer", "note", "total"],
  labels: ["new", "paid", "sent"],
  partitions: ["events_new attached"],
  rows: [`orders ${rows}`, "totals 100", "events 1000", "events_old 1000"],
  locks: 0,
};

function effect(version: number, ...lines: readonly string[]): string {
  return text([...lines, `insert into effects values (${version});`]);
}

function outside(...lines: readonly string[]): string {
  return text(["-- lacuna: no-transaction", ...lines]);
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
