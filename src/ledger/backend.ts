/** Which backend answers: behind a pooler it may be another one with each transaction. */
import type { Row, Session } from "../ports.ts";

export interface Backend {
  readonly pid: number;
  /** Whom the server takes for its client: the pooler, where there is one. */
  readonly client: string;
}

export const backendColumns: string =
  "pg_catalog.pg_backend_pid()::pg_catalog.text as backend_pid, " +
  "coalesce(pg_catalog.inet_client_addr()::pg_catalog.text, 'local') as backend_client";

/** A message, and so a transaction, of its own. */
export const whichBackend: string = `select ${backendColumns}`;

export function readBackend(row: Row | undefined): Backend {
  return { pid: Number(row?.["backend_pid"]), client: row?.["backend_client"] ?? "" };
}

export async function askBackend(session: Session): Promise<Backend> {
  const [rows] = await session.rows(whichBackend);
  return readBackend(rows?.[0]);
}
