/** A request for a password that comes in two pieces, as a network may cut it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, createServer, type AddressInfo } from "node:net";
import { databaseAt, sessionOptions } from "../support/engines.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import postgres from "postgres";

let server: TestServer;
beforeAll(async () => {
  const hba =
    "host all scram 127.0.0.1/32 scram-sha-256\nhost all md5u 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 trust\n";
  server = await startServer(17, { hba });
  const sql = postgres(server.url(), { max: 1, onnotice: () => undefined });
  await sql.unsafe(
    "create role scram login superuser password 'sesam'; set password_encryption = 'md5'; create role md5u login superuser password 'sesam'",
  );
  await sql.end();
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

for (const user of ["scram", "md5u"])
  for (const cut of [1, 9, 10, 12])
    for (const pauseMs of [0, 1, 2, 5, 20])
      test(`${user}: cut behind ${cut} bytes, the rest ${pauseMs} ms later`, async () => {
        const relay = createServer((client) => {
          client.setNoDelay(true);
          const upstream = connect(server.port, "127.0.0.1");
          let isFirst = true;
          upstream.on("data", (chunk: Buffer) => {
            if (!isFirst) {
              client.write(chunk);
              return;
            }
            isFirst = false;
            client.write(chunk.subarray(0, cut));
            setTimeout(() => client.write(chunk.subarray(cut)), pauseMs);
          });
          client.on("data", (chunk) => upstream.write(chunk));
          client.on("close", () => upstream.destroy());
          upstream.on("close", () => client.end());
          client.on("error", () => undefined);
          upstream.on("error", () => undefined);
        });
        await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
        const { port } = relay.address() as AddressInfo;
        try {
          const url = `postgres://${user}:sesam@127.0.0.1:${port}/postgres?sslmode=disable`;
          const rows = await databaseAt(url).session(
            { ...sessionOptions, connectTimeoutMs: 1500 },
            (session) => session.rows("select 1 as one"),
          );
          expect(rows).toEqual([[{ one: "1" }]]);
        } finally {
          relay.close();
        }
      });
