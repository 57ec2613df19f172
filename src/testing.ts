/**
 * Databases for tests, fresh and migrated: a PGlite in this process, or a database on a server.
 * The migrations run once, by the same runner as everywhere; what tests get are copies.
 */
export { migratedPglite } from "./testing/pglite.ts";
export type { MigratedPgliteOptions } from "./testing/pglite.ts";
export { migratedDatabase } from "./testing/server.ts";
export type { MigratedDatabase, MigratedDatabaseOptions } from "./testing/server.ts";
