/**
 * `npm start`: builds the executable, and lets it apply the example history to an embedded
 * Postgres in a folder. No server is needed.
 */
import { spawnSync } from "node:child_process";

const database = "pglite:.lacuna/demo";

run(process.execPath, "build.ts");
run("dist/lacuna", "up", "--database-url", database);
run("dist/lacuna", "status", "--database-url", database);

function run(command: string, ...args: readonly string[]): void {
  const shown = command === process.execPath ? "bun" : command;
  console.log(`\n$ ${[shown, ...args].join(" ")}`);
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
