import { anyNode, asNode, asText, hasOption, type ParseNode, typeAndFields } from "./parse-node.ts";

/** What a statement is to a migration runner: may it run, and where? */
export type Statement =
  /** Runs inside a transaction. */
  | { readonly kind: "plain"; readonly index: IndexName | undefined }
  /** SET or RESET for the session: run again when a `no-transaction` file is resumed. */
  | { readonly kind: "setting" }
  /** CALL and DO: they may commit by themselves, so nobody knows how far one came. */
  | { readonly kind: "procedural"; readonly what: "CALL" | "DO" }
  /** Leaves something in the session that another session, which resumes, would not have. */
  | { readonly kind: "session"; readonly what: string }
  /** PostgreSQL refuses it inside a transaction block. */
  | {
      readonly kind: "outside";
      readonly what: string;
      readonly concurrently: boolean;
      readonly index: IndexName | undefined;
      /** ALTER TABLE … DETACH PARTITION … CONCURRENTLY: what is detached from what. */
      readonly detach: Detachment | undefined;
      /** DROP INDEX CONCURRENTLY takes one index. */
      readonly drops: TableName | undefined;
      /** REINDEX … CONCURRENTLY: which indexes are built anew. */
      readonly rebuilds: Rebuilt | undefined;
    }
  | { readonly kind: "begin"; readonly characteristics: string | undefined }
  | { readonly kind: "commit" }
  | { readonly kind: "refused"; readonly reason: RefusedReason; readonly what: string };

export type RefusedReason =
  | "transaction control"
  | "copy stream"
  | "session reset"
  | "lacuna setting";

/** An index that a statement makes, as the statement spells it. */
export interface IndexName {
  readonly schema: string | undefined;
  readonly table: string;
  /** Undefined where PostgreSQL is left to choose a name. */
  readonly name: string | undefined;
  /** CREATE INDEX … ON ONLY parent: INVALID on purpose until every partition has its index. */
  readonly onlyParent: boolean;
  /** Content with an index of that name that exists already, INVALID or not. */
  readonly ifNotExists: boolean;
}

export interface Detachment {
  readonly table: TableName;
  readonly partition: TableName;
}

export type Rebuilt =
  | { readonly kind: "index" | "table"; readonly name: TableName }
  | { readonly kind: "schema"; readonly schema: string }
  | { readonly kind: "database" };

export interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
}

export const plain: Statement = { kind: "plain", index: undefined };

/** Judges a statement by its parse tree. */
export function classify(node: ParseNode): Statement {
  if (setsLacuna(node)) return refused("lacuna setting", "a setting of lacuna.*");
  const [type, fields] = typeAndFields(node);
  switch (type) {
    case "TransactionStmt":
      return classifyTransaction(fields);
    case "CopyStmt":
      return fields["filename"] === undefined && fields["is_program"] !== true
        ? refused("copy stream", fields["is_from"] === true ? "COPY FROM STDIN" : "COPY TO STDOUT")
        : plain;
    case "DiscardStmt":
      return refused("session reset", "DISCARD");
    case "VariableSetStmt":
      return classifySetting(fields);
    case "CallStmt":
      return { kind: "procedural", what: "CALL" };
    case "DoStmt":
      return { kind: "procedural", what: "DO" };
    case "IndexStmt": {
      const index = indexOf(fields);
      return fields["concurrent"] === true
        ? outside("CREATE INDEX CONCURRENTLY", true, index)
        : { kind: "plain", index };
    }
    default:
      return outsideTransaction(type, fields) ?? sessionState(type, node) ?? plain;
  }
}

// ---- single statements ----

function classifyTransaction(fields: ParseNode): Statement {
  const kind = String(fields["kind"]).replace("TRANS_STMT_", "");
  if (kind === "BEGIN" || kind === "START") {
    return { kind: "begin", characteristics: characteristicsOf(fields["options"]) };
  }
  if (kind === "COMMIT" && fields["chain"] !== true) return { kind: "commit" };
  const chain = fields["chain"] === true ? " AND CHAIN" : "";
  return refused(
    "transaction control",
    kind.replaceAll("_", " ").replace(/^PREPARE$/, "PREPARE TRANSACTION") + chain,
  );
}

/** The options of a BEGIN as SET TRANSACTION takes them, or undefined where there are none. */
function characteristicsOf(options: unknown): string | undefined {
  if (!Array.isArray(options) || options.length === 0) return undefined;
  const words = options.map((option): string => {
    const element = asNode(asNode(option)["DefElem"]);
    const constant = asNode(asNode(element["arg"])["A_Const"]);
    const on = asNode(constant["ival"])["ival"] === 1;
    switch (element["defname"]) {
      case "transaction_isolation":
        return `ISOLATION LEVEL ${String(asNode(constant["sval"])["sval"])}`;
      case "transaction_read_only":
        return on ? "READ ONLY" : "READ WRITE";
      default:
        return on ? "DEFERRABLE" : "NOT DEFERRABLE";
    }
  });
  return words.join(", ");
}

function classifySetting(fields: ParseNode): Statement {
  if (fields["kind"] === "VAR_RESET_ALL") return refused("session reset", "RESET ALL");
  // SET LOCAL and SET TRANSACTION belong to one transaction and leave nothing in the session.
  if (fields["is_local"] === true || fields["kind"] === "VAR_SET_MULTI") return plain;
  const name = String(fields["name"]).toLowerCase();
  if (!changesReading.has(name)) return { kind: "setting" };
  const value = asNode(
    asNode(asNode(asNode((fields["args"] as unknown[] | undefined)?.[0])["A_Const"])["sval"]),
  )["sval"];
  return harmlessValues.has(String(value).toLowerCase())
    ? { kind: "setting" }
    : { kind: "session", what: `SET ${name}` };
}

/** Settings that make the server read the statements behind them otherwise than we split them. */
const changesReading: ReadonlySet<string> = new Set([
  "standard_conforming_strings",
  "client_encoding",
]);
const harmlessValues: ReadonlySet<string> = new Set(["on", "true", "utf8", "utf-8", "unicode"]);

/** The closed list of what PostgreSQL calls PreventInTransactionBlock for, by statement. */
function outsideTransaction(type: string, fields: ParseNode): Statement | undefined {
  switch (type) {
    case "DropStmt":
      return fields["concurrent"] === true
        ? { ...outside("DROP INDEX CONCURRENTLY", true), drops: droppedIndex(fields) }
        : undefined;
    case "ReindexStmt":
      if (hasOption(fields["params"], "concurrently"))
        return { ...outside("REINDEX CONCURRENTLY", true), rebuilds: rebuiltBy(fields) };
      return /_(?:SCHEMA|SYSTEM|DATABASE)$/.test(String(fields["kind"]))
        ? outside("REINDEX of a schema or database", false)
        : undefined;
    case "AlterTableStmt": {
      const detach = concurrentDetachment(fields);
      return detach === undefined
        ? undefined
        : { ...outside("DETACH PARTITION CONCURRENTLY", true), detach };
    }
    case "VacuumStmt":
      return fields["is_vacuumcmd"] === true ? outside("VACUUM", false) : undefined;
    case "ClusterStmt":
      return fields["relation"] === undefined ? outside("CLUSTER", false) : undefined;
    case "AlterSystemStmt":
      return outside("ALTER SYSTEM", false);
    case "CreatedbStmt":
      return outside("CREATE DATABASE", false);
    case "DropdbStmt":
      return outside("DROP DATABASE", false);
    case "AlterDatabaseStmt":
      return hasOption(fields["options"], "tablespace")
        ? outside("ALTER DATABASE SET TABLESPACE", false)
        : undefined;
    case "CreateTableSpaceStmt":
      return outside("CREATE TABLESPACE", false);
    case "DropTableSpaceStmt":
      return outside("DROP TABLESPACE", false);
    case "CreateSubscriptionStmt":
      return outside("CREATE SUBSCRIPTION", false);
    case "AlterSubscriptionStmt":
      return outside("ALTER SUBSCRIPTION", false);
    case "DropSubscriptionStmt":
      return outside("DROP SUBSCRIPTION", false);
    default:
      return undefined;
  }
}

function sessionState(type: string, node: ParseNode): Statement | undefined {
  const session = (what: string): Statement => ({ kind: "session", what });
  if (type === "PrepareStmt") return session("PREPARE");
  if (type === "ListenStmt") return session("LISTEN");
  if (type === "LoadStmt") return session("LOAD");
  if (type === "DeclareCursorStmt") return session("DECLARE CURSOR");
  if (anyNode(node, makesTemporary)) return session("a temporary object");
  if (anyNode(node, callsSetConfig)) return session("set_config()");
  return undefined;
}

function indexOf(fields: ParseNode): IndexName {
  const relation = asNode(fields["relation"]);
  return {
    schema: asText(relation["schemaname"]),
    table: asText(relation["relname"]) ?? "",
    name: asText(fields["idxname"]),
    onlyParent: relation["inh"] !== true,
    ifNotExists: fields["if_not_exists"] === true,
  };
}

function concurrentDetachment(fields: ParseNode): Detachment | undefined {
  const commands = Array.isArray(fields["cmds"]) ? (fields["cmds"] as unknown[]) : [];
  for (const command of commands) {
    const { subtype, def } = asNode(asNode(command)["AlterTableCmd"]);
    const partition = asNode(asNode(def)["PartitionCmd"]);
    if (subtype !== "AT_DetachPartition" || partition["concurrent"] !== true) continue;
    return { table: tableOf(fields["relation"]), partition: tableOf(partition["name"]) };
  }
  return undefined;
}

function droppedIndex(fields: ParseNode): TableName | undefined {
  const [object] = Array.isArray(fields["objects"]) ? (fields["objects"] as unknown[]) : [];
  const { items } = asNode(asNode(object)["List"]);
  const names = (Array.isArray(items) ? (items as unknown[]) : []).map((item) =>
    asText(asNode(asNode(item)["String"])["sval"]),
  );
  const table = names.at(-1);
  return table === undefined ? undefined : { schema: names.at(-2), table };
}

function rebuiltBy(fields: ParseNode): Rebuilt {
  switch (String(fields["kind"])) {
    case "REINDEX_OBJECT_INDEX":
      return { kind: "index", name: tableOf(fields["relation"]) };
    case "REINDEX_OBJECT_TABLE":
      return { kind: "table", name: tableOf(fields["relation"]) };
    case "REINDEX_OBJECT_SCHEMA":
      return { kind: "schema", schema: asText(fields["name"]) ?? "" };
    default:
      return { kind: "database" };
  }
}

function tableOf(relation: unknown): TableName {
  const { schemaname, relname } = asNode(relation);
  return { schema: asText(schemaname), table: asText(relname) ?? "" };
}

// ---- what may stand anywhere in a statement ----

function setsLacuna(node: ParseNode): boolean {
  return anyNode(node, (type, fields) => {
    if (type === "VariableSetStmt" || type === "setstmt") return isLacuna(fields["name"]);
    if (!callsSetConfig(type, fields)) return false;
    // Named arguments may stand in any order, and casts around them.
    return anyNode(fields["args"], (key, value) => key === "sval" && isLacuna(value["sval"]));
  });
}

function isLacuna(name: unknown): boolean {
  return typeof name === "string" && name.toLowerCase().startsWith("lacuna.");
}

function callsSetConfig(type: string, fields: ParseNode): boolean {
  if (type !== "FuncCall" || !Array.isArray(fields["funcname"])) return false;
  const last: unknown = fields["funcname"].at(-1);
  return asNode(asNode(last)["String"])["sval"] === "set_config";
}

function makesTemporary(type: string, fields: ParseNode): boolean {
  const target = {
    CreateStmt: "relation",
    CreateSeqStmt: "sequence",
    ViewStmt: "view",
    into: "rel",
    intoClause: "rel",
  }[type];
  return target !== undefined && asNode(fields[target])["relpersistence"] === "t";
}

// ---- small things ----

export function outside(
  what: string,
  concurrently: boolean,
  index?: IndexName,
): Extract<Statement, { readonly kind: "outside" }> {
  const others = { detach: undefined, drops: undefined, rebuilds: undefined };
  return { kind: "outside", what, concurrently, index, ...others };
}

export function refused(reason: RefusedReason, what: string): Statement {
  return { kind: "refused", reason, what };
}
