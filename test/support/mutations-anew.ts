/**
 * Properties that only DROP and CREATE can change: an object is made in one way, then in another.
 */
import { changes, from, type Mutation } from "./mutation.ts";
import type { Major } from "./servers.ts";

/** One way to make it, and others; each is told as `key`. */
function anew(key: string, drop: string, first: string, others: Variants): readonly Mutation[] {
  return Object.entries(others).map(([name, other]) => {
    const mutation = {
      ...changes(
        `${key}: ${name}`,
        `${drop}; ${typeof other === "string" ? other : other[1]}`,
        key,
      ),
      before: first,
    };
    return typeof other === "string" ? mutation : from(other[0], mutation);
  });
}

type Variants = Readonly<Record<string, string | readonly [from: Major, sql: string]>>;

const aggregate = (options: string): string =>
  `create aggregate app.anew(integer) (sfunc = int4pl, stype = integer${options})`;

const operator = (options: string): string =>
  `create operator app.~~~ (leftarg = integer, rightarg = integer, function = int4eq${options})`;

const parser = (start: string, token: string, end: string, types: string): string =>
  `create text search parser app.anew (start = ${start}, gettoken = ${token}, end = ${end}, lextypes = ${types})`;

const dictionary = (template: string): string =>
  `create text search dictionary app.anew (template = ${template})`;

const operatorClass = (what: string): string =>
  `create operator family app.anew using gist; create operator class app.anew for type ${what} ` +
  "function 1 gist_point_consistent(internal, point, smallint, oid, internal)";

const transform = (how: string): string =>
  `create transform for bigint language app_language (${how})`;

const subscription = (options: string): string =>
  "create subscription fingerprint_subscription connection 'dbname=nowhere' publication p " +
  `with (connect = false, slot_name = ${options})`;

const subscriptions = anew(
  "subscription fingerprint_subscription",
  "drop subscription fingerprint_subscription",
  subscription("none"),
  {
    binary: subscription("none, binary = true"),
    streaming: subscription("none, streaming = on"),
    commits: subscription("none, synchronous_commit = on"),
    "two phases": [15, subscription("none, two_phase = true")],
    origin: [16, subscription("none, origin = none")],
    "its password": [16, subscription("none, password_required = false")],
    "its role": [16, subscription("none, run_as_owner = true")],
    failover: [17, subscription("none, failover = true")],
    "its slot": `${subscription("none")}; alter subscription fingerprint_subscription set (slot_name = s)`,
    "whether it is enabled": `${subscription("none")}; update pg_subscription set subenabled = true`,
  },
).map((one) => ({ ...one, notInPglite: "PGlite has no libpqwalreceiver" }));

export const madeAnew: readonly Mutation[] = [
  ...anew(
    "aggregate app.anew(integer)",
    "drop aggregate app.anew(integer)",
    `create function app.final(integer, integer) returns integer language sql as 'select 1'; ${aggregate("")}`,
    {
      function: "create aggregate app.anew(integer) (sfunc = int4mul, stype = integer)",
      "state type":
        "create aggregate app.anew(integer) (sfunc = int84pl, stype = bigint, initcond = '0')",
      "state size": aggregate(", sspace = 7"),
      "final function": aggregate(", finalfunc = int4abs"),
      "final function with arguments": aggregate(", finalfunc = app.final, finalfunc_extra"),
      "what the final function changes": aggregate(
        ", finalfunc = int4abs, finalfunc_modify = read_write",
      ),
      "moving functions": aggregate(", msfunc = int4pl, minvfunc = int4mi, mstype = integer"),
      "moving start": aggregate(
        ", msfunc = int4pl, minvfunc = int4mi, mstype = integer, minitcond = '1'",
      ),
      "moving final function": aggregate(
        ", msfunc = int4pl, minvfunc = int4mi, mstype = integer, mfinalfunc = int4abs",
      ),
      "what the moving final function changes": aggregate(
        ", msfunc = int4pl, minvfunc = int4mi, mstype = integer, mfinalfunc_modify = shareable",
      ),
      "argument's name": "create aggregate app.anew(n integer) (sfunc = int4pl, stype = integer)",
      "sort operator": aggregate(", sortop = operator(pg_catalog.<)"),
    },
  ),
  ...anew(
    "operator app.~~~(integer, integer)",
    "drop operator app.~~~ (integer, integer)",
    operator(""),
    {
      function:
        "create operator app.~~~ (leftarg = integer, rightarg = integer, function = int4ne)",
      result: "create operator app.~~~ (leftarg = integer, rightarg = integer, function = int4pl)",
      commutator: operator(", commutator = operator(app.~~~)"),
      estimate: operator(", join = eqjoinsel"),
      hashes: operator(", hashes"),
      merges: operator(", merges"),
    },
  ),
  ...anew(
    "operator class app.anew using gist",
    "drop operator family app.anew using gist cascade",
    operatorClass("point using gist family app.anew as"),
    {
      type: operatorClass("polygon using gist family app.anew as"),
      storage: operatorClass("point using gist family app.anew as storage box,"),
      family: `create operator family app.other using gist; ${operatorClass("point using gist family app.other as")}`,
    },
  ).map((one) => ({ ...one, tells: [...one.tells, ...familiesOf(one.name)] })),
  ...anew(
    "conversion app.anew",
    "drop conversion app.anew",
    "create conversion app.anew for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
    {
      encodings: "create conversion app.anew for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1",
    },
  ),
  ...anew(
    "access method anew",
    "drop access method anew",
    "create access method anew type index handler bthandler",
    { type: "create access method anew type table handler heap_tableam_handler" },
  ),
  ...anew(
    "language anew",
    "drop language anew",
    "create language anew handler plpgsql_call_handler",
    {
      "inline handler":
        "create language anew handler plpgsql_call_handler inline plpgsql_inline_handler",
      validator: "create language anew handler plpgsql_call_handler validator plpgsql_validator",
    },
  ),
  ...anew(
    "transform bigint language app_language",
    "drop transform for bigint language app_language",
    transform("from sql with function prsd_lextype(internal)"),
    {
      "from sql": transform("from sql with function dsimple_init(internal)"),
      "to sql": transform(
        "from sql with function prsd_lextype(internal), to sql with function int8recv(internal)",
      ),
    },
  ),
  ...anew(
    "collation app.anew",
    "drop collation app.anew",
    "create collation app.anew (provider = icu, locale = 'und')",
    {
      locale: "create collation app.anew (provider = icu, locale = 'de')",
      "whether it is deterministic":
        "create collation app.anew (provider = icu, locale = 'und', deterministic = false)",
      rules: [16, "create collation app.anew (provider = icu, locale = 'und', rules = '&a < b')"],
    },
  ),
  ...anew(
    "text search parser app.anew",
    "drop text search parser app.anew",
    parser("prsd_start", "prsd_nexttoken", "prsd_end", "prsd_lextype"),
    {
      types: parser("prsd_start", "prsd_nexttoken", "prsd_end", "dsimple_init"),
    },
  ),
  ...anew(
    "text search template app.anew",
    "drop text search template app.anew",
    "create text search template app.anew (lexize = dsimple_lexize)",
    { function: "create text search template app.anew (lexize = dsynonym_lexize)" },
  ),
  ...anew(
    "text search dictionary app.anew",
    "drop text search dictionary app.anew",
    dictionary("pg_catalog.simple"),
    { template: dictionary("app.template") },
  ),
  ...anew(
    "text search configuration app.anew",
    "drop text search configuration app.anew",
    'create text search configuration app.anew (parser = pg_catalog."default")',
    { parser: "create text search configuration app.anew (parser = app.parser)" },
  ),
  ...anew(
    "server anew",
    "drop server anew",
    "create foreign data wrapper anew; create server anew type 'a' foreign data wrapper app_wrapper",
    {
      type: "create server anew type 'b' foreign data wrapper app_wrapper",
      wrapper: "create server anew type 'a' foreign data wrapper anew",
    },
  ),
  ...anew(
    "event trigger anew",
    "drop event trigger anew",
    "create function app.other() returns event_trigger language plpgsql as 'begin end'; create event trigger anew on sql_drop execute function app.watch()",
    { function: "create event trigger anew on sql_drop execute function app.other()" },
  ),
  ...anew(
    "range type app.anew",
    "drop type app.anew cascade",
    canonical("create type app.anew as range (subtype = integer)"),
    {
      canonical: canonical(
        "create type app.anew as range (subtype = integer, canonical = app.canonical)",
      ),
    },
  ),
  ...subscriptions,
];

/** The function of a class is its family's too. */
function familiesOf(name: string): readonly string[] {
  if (name.endsWith("storage")) return [];
  return name.endsWith("family")
    ? ["operator family app.anew using gist", "operator family app.other using gist"]
    : ["operator family app.anew using gist"];
}

function canonical(made: string): string {
  return (
    "create type app.anew; create function app.canonical(app.anew) returns app.anew " +
    `language internal immutable strict as 'int4range_canonical'; ${made}`
  );
}
