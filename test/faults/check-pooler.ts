/** `bun run faults-pooler`: lacuna behind PgBouncer of Debian, in each of its modes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "../cli/executable.ts";
import { stopServers } from "../support/servers.ts";
import { suite as newSuite } from "../support/suite.ts";
import { poolers } from "./pooler.ts";

const suite = newSuite();
const temporary = mkdtempSync(join(tmpdir(), "lacuna-pooler-"));
try {
  const executable = process.env["LACUNA_EXECUTABLE"] ?? buildExecutable(temporary, "--bare");
  await poolers(suite, executable);
} finally {
  await stopServers();
  rmSync(temporary, { recursive: true, force: true });
}
suite.end();
