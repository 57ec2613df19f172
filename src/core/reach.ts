import { type Place, placeOf } from "./locate.ts";
import { anyNode, asNode, asText, type ParseNode, typeAndFields } from "./parse-node.ts";
import type { Executable, Parse } from "./script.ts";

/**
 * How far statements reach: beyond the database they run in, or beyond the transaction.
 *
 * It is told by the text: by parse trees, and by the words inside of DO, whose body is a string.
 * What a function does when it is called, or SQL that is put together while it runs, is not seen.
 */
export interface Reach {
  /**
   * `server`: it acts on objects of the whole server. `kept`: it is one of the few things that a
   * ROLLBACK does not take back.
   */
  readonly kind: "server" | "kept";
  readonly what: string;
  readonly place: Place;
}

export function reachOf(script: Executable, parse: Parse): readonly Reach[] {
  const text = script.mode === "transaction" ? script.body : script.text;
  const spans = script.mode === "transaction" ? script.statements : script.steps.map((s) => s.span);
  return spans.flatMap((span) => {
    const sql = text.slice(span.start, span.end);
    const found = (parse(sql) ?? []).flatMap(reachOfNode);
    return found.map(({ kind, what }): Reach => ({ kind, what, place: placeOf(text, span.start) }));
  });
}

type Found = Pick<Reach, "kind" | "what">;

function reachOfNode(node: ParseNode): readonly Found[] {
  const [type, fields] = typeAndFields(node);
  if (type === "DoStmt") return reachOfWords(bodyOf(fields));
  const found: Found[] = [];
  const server = serverStatements[type] ?? serverObject(type, fields);
  if (server !== undefined) found.push({ kind: "server", what: server });
  const kept = keptStatement(type, fields);
  if (kept !== undefined) found.push({ kind: "kept", what: kept });
  // Defined is not called.
  if (type === "CreateFunctionStmt") return found;
  anyNode(node, (key, value) => {
    if (key === "FuncCall") found.push(...reachOfFunction(lastName(value)));
    return false;
  });
  return found;
}

// ---- the whole server ----

const serverStatements: Readonly<Record<string, string>> = {
  CreateRoleStmt: "CREATE ROLE",
  AlterRoleStmt: "ALTER ROLE",
  AlterRoleSetStmt: "ALTER ROLE … SET",
  DropRoleStmt: "DROP ROLE",
  GrantRoleStmt: "GRANT or REVOKE of a role",
  DropOwnedStmt: "DROP OWNED",
  ReassignOwnedStmt: "REASSIGN OWNED",
  CreatedbStmt: "CREATE DATABASE",
  DropdbStmt: "DROP DATABASE",
  AlterDatabaseStmt: "ALTER DATABASE",
  AlterDatabaseSetStmt: "ALTER DATABASE … SET",
  AlterDatabaseRefreshCollStmt: "ALTER DATABASE … REFRESH COLLATION VERSION",
  CreateTableSpaceStmt: "CREATE TABLESPACE",
  DropTableSpaceStmt: "DROP TABLESPACE",
  AlterTableSpaceOptionsStmt: "ALTER TABLESPACE",
  AlterSystemStmt: "ALTER SYSTEM",
  CreateSubscriptionStmt: "CREATE SUBSCRIPTION",
  AlterSubscriptionStmt: "ALTER SUBSCRIPTION",
  DropSubscriptionStmt: "DROP SUBSCRIPTION",
};

/** ALTER … RENAME, OWNER, COMMENT, SECURITY LABEL and GRANT name the kind of object in a field. */
function serverObject(type: string, fields: ParseNode): string | undefined {
  const verb = {
    RenameStmt: "ALTER … RENAME",
    AlterOwnerStmt: "ALTER … OWNER",
    CommentStmt: "COMMENT",
    SecLabelStmt: "SECURITY LABEL",
    GrantStmt: "GRANT or REVOKE",
  }[type];
  if (verb === undefined) return undefined;
  const object = String(fields["renameType"] ?? fields["objectType"] ?? fields["objtype"]);
  const kind = /^OBJECT_(ROLE|DATABASE|TABLESPACE|SUBSCRIPTION|PARAMETER_ACL)$/.exec(object)?.[1];
  return kind === undefined ? undefined : `${verb} on a ${kind.replace("_ACL", "").toLowerCase()}`;
}

// ---- what a ROLLBACK leaves ----

function keptStatement(type: string, fields: ParseNode): string | undefined {
  if (type === "PrepareStmt") return "PREPARE: a prepared statement, until the session ends";
  if (type === "VacuumStmt" && fields["rels"] === undefined) {
    return "ANALYZE: the planner's counts of every table";
  }
  if (type === "LoadStmt") return "LOAD: a library, until the session ends";
  if (type !== "CopyStmt") return undefined;
  if (fields["is_program"] === true) return "COPY … PROGRAM: a command on the server";
  return fields["is_from"] === true || fields["filename"] === undefined
    ? undefined
    : "COPY … TO a file on the server";
}

function reachOfFunction(name: string): readonly Found[] {
  const kept = keptFunctions.find(([pattern]) => pattern.test(name));
  if (kept !== undefined) return [{ kind: "kept", what: `${name}(): ${kept[1]}` }];
  return serverFunctions.has(name)
    ? [
        { kind: "server", what: `${name}()` },
        { kind: "kept", what: `${name}(): it acts on the whole server` },
      ]
    : [];
}

const keptFunctions: readonly (readonly [RegExp, string])[] = [
  [/^pg_(?:try_)?advisory_(?:lock|lock_shared)$/, "an advisory lock, until the session ends"],
  [/^pg_advisory_unlock/, "an advisory lock is let go"],
  [/^dblink/, "it works over a connection of its own"],
  [/^(?:lo_export|pg_file_write|pg_file_rename|pg_file_unlink)$/, "a file on the server"],
  [/^pg_stat_(?:statements_)?reset/, "statistics are reset"],
  [/^pg_logical_slot_get_|^pg_replication_slot_advance$/, "a replication slot moves on"],
  [/^gin_clean_pending_list$|^brin_/, "an index is worked on"],
  [/^http(?:_|$)|^net_http/, "a request to another machine"],
];

const serverFunctions: ReadonlySet<string> = new Set([
  "pg_cancel_backend",
  "pg_create_logical_replication_slot",
  "pg_create_physical_replication_slot",
  "pg_create_restore_point",
  "pg_drop_replication_slot",
  "pg_promote",
  "pg_reload_conf",
  "pg_replication_origin_create",
  "pg_replication_origin_drop",
  "pg_rotate_logfile",
  "pg_switch_wal",
  "pg_terminate_backend",
]);

// ---- DO ----

function bodyOf(fields: ParseNode): string {
  const args = Array.isArray(fields["args"]) ? (fields["args"] as unknown[]) : [];
  return args
    .map((arg) => asNode(asNode(arg)["DefElem"]))
    .filter((element) => element["defname"] === "as")
    .map((element) => asText(asNode(asNode(element["arg"])["String"])["sval"]) ?? "")
    .join("\n");
}

/**
 * Words of a body in PL/pgSQL, those of strings too: they may be run by EXECUTE. Where it is not
 * certain that only the database is meant, it is taken for the server: that is the safe side.
 */
function reachOfWords(body: string): readonly Found[] {
  const words = body.replaceAll(/\/\*[\s\S]*?\*\/|--[^\n\r]*/g, " ").replaceAll(/\s+/g, " ");
  const found: Found[] = [];
  const server = serverWords.find((pattern) => pattern.test(words));
  if (server !== undefined) {
    const said = server.exec(words)?.[0].toUpperCase() ?? "";
    found.push({ kind: "server", what: `DO with ${said}` });
  }
  if (/\bcopy\b[^;]*\bprogram\b/i.test(words)) {
    found.push({ kind: "kept", what: "DO with COPY … PROGRAM: a command on the server" });
  }
  for (const [, name = ""] of words.matchAll(/\b([a-z_][a-z0-9_]*) ?\(/gi)) {
    found.push(...reachOfFunction(name.toLowerCase()));
  }
  return found;
}

const serverWords: readonly RegExp[] = [
  /\b(?:create|alter|drop) (?:role|user(?! mapping)|group|database|tablespace|system|subscription)\b/i,
  /\b(?:reassign|drop) owned\b/i,
  /\b(?:comment|label [^;]*?) on (?:role|database|tablespace|subscription)\b/i,
  /\b(?:grant|revoke) [^;]*? on (?:database|tablespace|parameter)\b/i,
  // Of a role: there is no ON between GRANT and TO.
  /\b(?:grant|revoke) (?:(?!\bon\b)[^;])+? (?:to|from)\b/i,
];

function lastName(call: ParseNode): string {
  const names = Array.isArray(call["funcname"]) ? (call["funcname"] as unknown[]) : [];
  return asText(asNode(asNode(names.at(-1))["String"])["sval"]) ?? "";
}
