/** What a role may not do and has to, in SQL that puts it right. */
import { quoteIdentifier } from "./quote.ts";

export type Privilege = "CREATE" | "DELETE" | "INSERT" | "SELECT" | "UPDATE" | "USAGE";

export interface MissingGrant {
  readonly privileges: readonly Privilege[];
  readonly on: "database" | "schema" | "table";
  /** Quoted for SQL. */
  readonly name: string;
}

export function describeGrant({ privileges, on, name }: MissingGrant): string {
  return `${privileges.join(", ")} on ${on} ${name}`;
}

export function grantSql({ privileges, on, name }: MissingGrant, role: string): string {
  const list = privileges.map((one) => one.toLowerCase()).join(", ");
  return `grant ${list} on ${on} ${name} to ${quoteIdentifier(role)};`;
}

/** Where a setting comes from, as pg_settings.source says it, and who it is set for. */
export interface SettingSource {
  readonly source: string;
  readonly login: string;
  readonly database: string;
}

/** Takes the setting back; undefined where it stands in a file, on a command line or in the URL. */
export function resetSql(
  setting: string,
  { source, login, database }: SettingSource,
): string | undefined {
  switch (source) {
    case "database":
      return `alter database ${quoteIdentifier(database)} reset ${setting};`;
    case "user":
      return `alter role ${quoteIdentifier(login)} reset ${setting};`;
    case "database user":
      return `alter role ${quoteIdentifier(login)} in database ${quoteIdentifier(database)} reset ${setting};`;
    case "global":
      return `alter role all reset ${setting};`;
    default:
      return undefined;
  }
}

/** The role that the start-up parameter `options` asks for: `-c role=app`, `--role=app`. */
export function roleInOptions(options: string | undefined): string | undefined {
  const words = (options ?? "").match(/(?:\\.|[^\s\\])+/g) ?? [];
  const texts = words.map((word) => word.replace(/\\(.)/g, "$1"));
  const settings = texts.flatMap((text, index) => {
    if (text.startsWith("--")) return [text.slice(2)];
    if (text === "-c") return [texts[index + 1] ?? ""];
    return text.startsWith("-c") ? [text.slice(2)] : [];
  });
  return settings.findLast((setting) => setting.startsWith("role="))?.slice("role=".length);
}
