/** Who takes part, in the order of the table. */
import { isLeftOut, type LeftOut, type Tool, type Workshop } from "./tool.ts";
import { dbmate } from "./tools/dbmate.ts";
import { drizzle } from "./tools/drizzle.ts";
import { floor } from "./tools/floor.ts";
import { golangMigrate } from "./tools/golang-migrate.ts";
import { goose } from "./tools/goose.ts";
import { graphileMigrate } from "./tools/graphile-migrate.ts";
import { knex } from "./tools/knex.ts";
import { lacuna } from "./tools/lacuna.ts";
import { nodePgMigrate } from "./tools/node-pg-migrate.ts";
import { psql } from "./tools/psql.ts";
import { sqlMigrate } from "./tools/sql-migrate.ts";

export interface Field {
  readonly tools: readonly Tool[];
  readonly leftOut: readonly LeftOut[];
}

/** Those that the demands are about. */
const quick = ["lacuna", "goose", "dbmate", "psql", "floor", "floor-pipelined-asynchronous"];

export function findTools(
  workshop: Workshop,
  wanted: readonly string[] | undefined,
  isQuick: boolean,
): Field {
  const all = [
    lacuna(workshop),
    golangMigrate(),
    goose(),
    dbmate(),
    sqlMigrate(),
    nodePgMigrate(),
    drizzle(),
    knex(),
    graphileMigrate(),
    psql(),
    ...floor(workshop),
  ];
  for (const name of wanted ?? []) {
    if (!all.some((one) => one.name === name)) {
      throw new Error(`--tools: there is no ${name}; there are ${names(all)}`);
    }
  }
  const chosen = wanted ?? (isQuick ? quick : undefined);
  const here = all.filter((one) => chosen?.includes(one.name) ?? true);
  return {
    tools: here.filter((one): one is Tool => !isLeftOut(one)),
    leftOut: here.filter(isLeftOut),
  };
}

function names(all: readonly (Tool | LeftOut)[]): string {
  return all.map(({ name }) => name).join(", ");
}
