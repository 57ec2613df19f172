/**
 * The last judge: a real server runs what lacuna would send. Whatever a body does, the transaction
 * that was begun in front of it is the one that stands behind it, or nothing of it was kept.
 */
import { databaseAt, sessionOptions } from "../support/engines.ts";
import { freshDatabase, type Major, sharedServer } from "../support/servers.ts";
import { type NoticeListener, type Row, type Session, SqlError } from "../../src/ports.ts";
import { schema } from "./bodies.ts";

export interface Judged {
  /** Bodies that ran to their end. */
  readonly ran: number;
  /** Those that the server refused, for a mistake of their own. */
  readonly failed: number;
  /** The first few mistakes, by their code. */
  readonly codes: ReadonlyMap<string, number>;
  readonly escaped: readonly { readonly body: string; readonly why: string }[];
}

export async function judgedBy(major: Major, bodies: readonly string[]): Promise<Judged> {
  await using database = await freshDatabase(await sharedServer(major));
  const warnings: string[] = [];
  const codes = new Map<string, number>();
  const escaped: { body: string; why: string }[] = [];
  let ran = 0;
  const options = { ...sessionOptions, applicationName: "fuzz" };
  const onNotice: NoticeListener = ({ code }) => void warnings.push(code);
  await databaseAt(database.url).session(options, async (session) => {
    await session.run(`${schema} create table public.kept (); set statement_timeout = '10s'`);
    for (const [index, body] of bodies.entries()) {
      warnings.length = 0;
      const nonce = `n${index}`;
      const { error, marker } = await send(session, nonce, body, onNotice);
      const left = warnings.filter((code) => isControl.has(code));
      const rows = await session.rows(
        "rollback; deallocate all; select count(*) as kept from public.kept",
        onNotice,
      );
      const why = [
        ...(rows.at(-1)?.[0]?.["kept"] === "0" ? [] : ["it was committed"]),
        ...(error === undefined && marker !== nonce ? [`the marker is ${marker}`] : []),
        ...left,
      ];
      if (why.length > 0) {
        escaped.push({ body, why: why.join(", ") });
        await session.run("delete from public.kept");
      }
      if (error === undefined) ran++;
      else codes.set(error.server.code, (codes.get(error.server.code) ?? 0) + 1);
    }
  });
  return { ran, failed: bodies.length - ran, codes, escaped };
}

/** A COMMIT with no transaction to end, a BEGIN within one: PostgreSQL only warns of them. */
const isControl: ReadonlySet<string> = new Set(["25P01", "25001"]);

async function send(
  session: Session,
  nonce: string,
  body: string,
  onNotice: NoticeListener,
): Promise<{ readonly error: SqlError | undefined; readonly marker: string | null }> {
  try {
    const rows = await session.rows(
      `begin; set local lacuna.fuzz = '${nonce}'; insert into public.kept default values; ${body}\n; ` +
        "select pg_catalog.current_setting('lacuna.fuzz', true) as marker",
      onNotice,
    );
    const last: Row | undefined = rows.at(-1)?.[0];
    return { error: undefined, marker: last?.["marker"] ?? null };
  } catch (error) {
    if (error instanceof SqlError && error.kind === "server") return { error, marker: null };
    throw error;
  }
}
