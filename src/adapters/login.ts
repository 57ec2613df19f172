/** What the command line needs of the system before there is a command. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

/** libpq's default user. A uid without an entry in /etc/passwd has no name. */
export function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return "postgres";
  }
}

export function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
