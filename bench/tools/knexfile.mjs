import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.MIGRATIONS;

export default {
  client: "pg",
  connection: process.env.DATABASE_URL,
  pool: { min: 0, max: 2 },
  migrations: {
    migrationSource: {
      getMigrations: async () => readdirSync(folder).toSorted(),
      getMigrationName: (name) => name,
      getMigration: async (name) => ({
        up: (database) => database.raw(readFileSync(join(folder, name), "utf8")),
        down: async () => undefined,
      }),
    },
  },
};
