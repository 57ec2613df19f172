/** What else goes through a pooler, and what is left on its backends. */
import postgres from "postgres";

type Client = postgres.Sql<Record<string, never>>;

function clientOf(url: string): Client {
  return postgres(url, {
    max: 1,
    prepare: false,
    fetch_types: false,
    onnotice: () => undefined,
  });
}

/** One session, straight to the server. */
export async function ask(url: string, query: string): Promise<string> {
  const sql = clientOf(url);
  try {
    // In the simple protocol every value is text.
    const [row] = await sql.unsafe<Record<string, string>[]>(query).simple();
    return Object.values(row ?? {})[0] ?? "";
  } finally {
    await sql.end();
  }
}

interface Traffic extends AsyncDisposable {
  readonly transactions: number;
}

/** Clients that each do one short transaction after the other. */
export function startTraffic(url: string, clients: number): Traffic {
  let isOver = false;
  let transactions = 0;
  const working = Array.from({ length: clients }, async (_, client) => {
    const sql = clientOf(url);
    try {
      while (!isOver) {
        await sql.begin(async (transaction) => {
          await transaction.unsafe(`update other.traffic set n = n + 1 where id = ${client}`);
          await transaction.unsafe("select sum(n) from other.traffic");
        });
        transactions++;
      }
    } finally {
      await sql.end();
    }
  });
  return {
    get transactions() {
      return transactions;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await Promise.all(working);
    },
  };
}

/** Has the pooler open this many backends at once; gives the session settings that each has. */
export async function settingsBehind(url: string, backends: number): Promise<readonly string[]> {
  const clients = Array.from({ length: backends }, () => clientOf(url));
  const all = Promise.withResolvers<void>();
  let there = 0;
  try {
    return await Promise.all(
      clients.map((sql) =>
        sql.begin(async (transaction) => {
          // A pooler says each client's name and encoding to the backend that it gives it.
          const rows = await transaction.unsafe<{ settings: string }[]>(
            "select pg_backend_pid() || ': ' || coalesce(string_agg(name || '=' || setting, ', ' order by name), '') as settings " +
              "from pg_settings where source = 'session' and name <> 'application_name'",
          );
          if (++there === backends) all.resolve();
          await all.promise;
          return rows[0]?.settings ?? "";
        }),
      ),
    ).then((found) => found.toSorted());
  } finally {
    await Promise.all(clients.map((sql) => sql.end()));
  }
}
