/** Databases made for a rehearsal: our own SQL to make them, to know them, and to drop them. */
import { createHash } from "../core/hash.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { Session } from "../ports.ts";
import { catalogRows } from "./catalog.ts";

const prefix = "lacuna_scratch_";

export function scratchName(random: string): string {
  return `${prefix}${random}`;
}

/**
 * Who makes a scratch database holds this lock as long as it is used. An advisory lock belongs to
 * the database it was taken in, but pg_locks shows those of all databases: so a run that begins
 * elsewhere on the server sees that this one is alive.
 */
export async function claimScratch(session: Session, name: string): Promise<void> {
  await session.run(`select pg_catalog.pg_advisory_lock(${keyOf(name)})`);
}

/** @throws SqlError 42501 where the role may not create databases. */
export async function createScratch(session: Session, name: string): Promise<void> {
  await session.run(`create database ${quoteIdentifier(name)}`);
}

/** Whoever is still connected is disconnected: nobody but the rehearsal has business there. */
export async function dropScratch(session: Session, name: string): Promise<void> {
  await session.run(`drop database if exists ${quoteIdentifier(name)} with (force)`);
}

/** Scratch databases whose maker is gone and to which nobody is connected. */
export async function abandonedScratches(session: Session): Promise<readonly string[]> {
  const [databases = [], locks = []] = await catalogRows(
    session,
    `
select d.datname as name from pg_catalog.pg_database d
 where pg_catalog.starts_with(d.datname::pg_catalog.text, ${quoteLiteral(prefix)})
   and not exists (select from pg_catalog.pg_stat_activity a where a.datid = d.oid)
   and pg_catalog.pg_has_role(d.datdba, 'usage');
select pg_catalog.concat(l.classid, ' ', l.objid) as key from pg_catalog.pg_locks l
 where l.locktype = 'advisory' and l.objsubid = 1`,
  );
  const held = new Set(locks.map((row) => row["key"]));
  return databases
    .map((row) => row["name"] ?? "")
    .filter((name) => {
      const key = BigInt.asUintN(64, keyOf(name));
      return !held.has(`${key >> 32n} ${key & 0xffff_ffffn}`);
    });
}

function keyOf(name: string): bigint {
  return createHash("sha256").update(`scratch\0${name}`).digest().readBigInt64BE(0);
}
