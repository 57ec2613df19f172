/**
 * TLS as libpq has it, against a server with a certificate, by both kinds of connection that
 * lacuna has; and against whatever else may answer on that port.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectBun } from "../../src/adapters/bun-channel.ts";
import type { Connect } from "../../src/adapters/channel.ts";
import { connectNode } from "../../src/adapters/node-channel.ts";
import { serverDatabase } from "../../src/adapters/postgres.ts";
import { findDatabase } from "../../src/cli/database-url.ts";
import { type Database, type Session, SqlError } from "../../src/ports.ts";
import { sessionOptions } from "../support/engines.ts";
import { startServer, type TestServer } from "../support/servers.ts";

const folder = join(import.meta.dirname, "../support/certificates");
const authority = join(folder, "authority.crt");
const stranger = join(folder, "stranger.crt");
const clientCertificate = `sslcert=${folder}/client.crt&sslkey=${folder}/client.key`;

const hba = [
  "hostssl all guarded  127.0.0.1/32 cert",
  "hostssl all secure   127.0.0.1/32 trust",
  "hostnossl all naked  127.0.0.1/32 trust",
  "host all secret 127.0.0.1/32 scram-sha-256",
  "host all digested 127.0.0.1/32 md5",
  "host all open 127.0.0.1/32 password",
  "host all secure,naked,guarded 127.0.0.1/32 reject",
  "host all all 127.0.0.1/32 trust",
  "host all all ::1/128 trust\n",
].join("\n");

let server: TestServer;
let socketFolder = "";
beforeAll(async () => {
  socketFolder = mkdtempSync(join(tmpdir(), "lacuna-"));
  chmodSync(socketFolder, 0o777);
  const settings = { unix_socket_directories: socketFolder };
  server = await startServer(18, { hba: `local all all trust\n${hba}`, settings });
  const { uid, gid } = statSync(server.dataDirectory);
  for (const name of ["server", "expired", "client", "authority"]) {
    for (const ending of name === "authority" ? ["crt"] : ["crt", "key"]) {
      const path = join(server.dataDirectory, `${name}.${ending}`);
      copyFileSync(join(folder, `${name}.${ending}`), path);
      chmodSync(path, 0o600);
      chownSync(path, uid, gid);
    }
  }
  const make = "create role guarded login; create role secure login; create role naked login;";
  await ask(
    `${make} create role secret login password 'p@ss/%:é'; create role open login password 'open'; ` +
      "set password_encryption = md5; create role digested login password 'digested'",
  );
  await offer("server");
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(socketFolder, { recursive: true });
});

const kinds: readonly (readonly [string, Connect | undefined])[] = [
  ["Bun's sockets", connectBun],
  ["node:net", connectNode],
];

describe.each(kinds)("%s", (_, connect) => {
  /** What a session says of its encryption, or why there was none. */
  async function outcome(query: string, where = at()): Promise<string> {
    const url = `postgres://${where}/postgres?${query}`;
    try {
      return await databaseAt(url, connect).session(sessionOptions, encryptionOf);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      expect(error.kind).toBe("refused");
      const said = `${error.server.code} ${error.server.message} ${String(error.stack)}`;
      expect(said).not.toContain("p@ss");
      expect(said).not.toContain("p%40ss");
      return error.server.code;
    }
  }

  describe("a certificate of localhost", () => {
    test.each([
      ["sslmode=disable", "plain"],
      ["sslmode=allow", "plain"],
      ["", "tls"],
      ["sslmode=prefer", "tls"],
      ["sslmode=require", "tls"],
      // As in libpq, a root certificate turns require into verify-ca.
      [`sslmode=require&sslrootcert=${authority}`, "tls"],
      [`sslmode=require&sslrootcert=${stranger}`, "TLS_FAILED"],
      [`sslmode=verify-ca&sslrootcert=${authority}`, "tls"],
      [`sslmode=verify-ca&sslrootcert=${stranger}`, "TLS_FAILED"],
      [`sslmode=verify-full&sslrootcert=${authority}`, "tls"],
      [`sslmode=verify-full&sslrootcert=${stranger}`, "TLS_FAILED"],
      ["sslmode=verify-ca", "TLS_FAILED"],
      ["sslmode=verify-full", "TLS_FAILED"],
      ["sslrootcert=system", "TLS_FAILED"],
      [`sslmode=verify-ca&sslrootcert=${folder}/nowhere.crt`, "TLS_FAILED"],
      [`sslmode=verify-ca&sslrootcert=${folder}/server.key`, "TLS_FAILED"],
    ])("%s: %s", async (query, expected) => {
      expect(await outcome(query)).toBe(expected);
    });

    test("its name is not the address, which verify-ca does not look at", async () => {
      const address = at().replace("localhost", "127.0.0.1");
      const root = `sslrootcert=${authority}`;
      expect(await outcome(`sslmode=verify-full&${root}`, address)).toBe("TLS_FAILED");
      expect(await outcome(`sslmode=verify-ca&${root}`, address)).toBe("tls");
      expect(await outcome("sslmode=require", address)).toBe("tls");
    });

    test("pg_hba.conf may ask for either, and prefer and allow find it", async () => {
      for (const mode of ["allow", "prefer", "require"]) {
        expect(await outcome(`sslmode=${mode}`, at("secure"))).toBe("tls");
      }
      expect(await outcome("sslmode=disable", at("secure"))).toBe("28000");
      for (const mode of ["disable", "allow", "prefer"]) {
        expect(await outcome(`sslmode=${mode}`, at("naked"))).toBe("plain");
      }
      // Never without, where it is asked for.
      for (const mode of ["require", `verify-full&sslrootcert=${authority}`]) {
        expect(await outcome(`sslmode=${mode}`, at("naked"))).toBe("28000");
      }
    });

    test("a client's certificate is shown, and missed where it is asked for", async () => {
      expect(await outcome(`sslmode=require&${clientCertificate}`, at("guarded"))).toBe("tls");
      expect(await outcome("sslmode=require", at("guarded"))).toBe("28000");
      const noKey = `sslmode=require&sslcert=${folder}/client.crt&sslkey=${folder}/nowhere.key`;
      expect(await outcome(noKey, at("guarded"))).toBe("TLS_FAILED");
    });

    test("SCRAM with a password of special characters, and with a wrong one", async () => {
      const right = `secret:p%40ss%2F%25%3A%C3%A9@localhost:${server.port}`;
      expect(await outcome("sslmode=require", right)).toBe("tls");
      expect(await outcome("sslmode=disable", right)).toBe("plain");
      expect(await outcome("sslmode=require", right.replace("p%40", "p%40ss"))).toBe("28P01");
    });

    test("a password goes as the server asks for it, and is missed", async () => {
      for (const name of ["digested", "open"]) {
        const right = `${name}:${name}@localhost:${server.port}`;
        expect(await outcome("sslmode=require", right)).toBe("tls");
        expect(await outcome("sslmode=disable", right)).toBe("plain");
        expect(await outcome("sslmode=disable", right.replace(":", ":x"))).toBe("28P01");
      }
      for (const name of ["secret", "digested", "open"])
        expect(await outcome("sslmode=disable", at(name))).toMatch(/^28P01|28000$/);
    });

    test("a cancel request goes over TLS, and large messages go both ways", async () => {
      const url = `postgres://${at()}/postgres?sslmode=verify-full&sslrootcert=${authority}`;
      await databaseAt(url, connect).session(sessionOptions, async (session) => {
        const sleeping = session.run("select pg_sleep(20)").catch((error: unknown) => error);
        await Bun.sleep(100);
        await session.cancel();
        expect(await sleeping).toMatchObject({ server: { code: "57014" } });
        const length = 8_000_000;
        const [rows] = await session.rows(
          `select length('${"x".repeat(length)}')::text as sent, repeat('y', ${length}) as got`,
        );
        expect(rows?.[0]?.["sent"]).toBe(String(length));
        expect(rows?.[0]?.["got"]?.length).toBe(length);
      });
    }, 30_000);
  });

  // One that was not behind what came before it would find another certificate.
  describe.serial("a certificate that has expired", () => {
    beforeAll(() => offer("expired"));
    afterAll(() => offer("server"));

    test.each([
      ["sslmode=require", "tls"],
      [`sslmode=verify-ca&sslrootcert=${authority}`, "TLS_FAILED"],
      [`sslmode=verify-full&sslrootcert=${authority}`, "TLS_FAILED"],
    ])("%s: %s", async (query, expected) => {
      expect(await outcome(query)).toBe(expected);
      const address = at().replace("localhost", "127.0.0.1");
      expect(await outcome(query, address)).toBe(expected);
    });
  });

  describe.serial("a server without TLS", () => {
    beforeAll(() => offer(undefined));
    afterAll(() => offer("server"));

    test.each([
      ["sslmode=allow", "plain"],
      ["sslmode=prefer", "plain"],
      ["sslmode=require", "TLS_FAILED"],
      [`sslmode=verify-ca&sslrootcert=${authority}`, "TLS_FAILED"],
      [`sslmode=verify-full&sslrootcert=${authority}`, "TLS_FAILED"],
    ])("%s: %s", async (query, expected) => {
      expect(await outcome(query)).toBe(expected);
    });
  });

  describe("whoever else answers", () => {
    test.each([
      ["no, where TLS is asked for", "N", "require", "TLS_FAILED"],
      ["yes, and more in clear text (CVE-2021-23222)", "SNOTE", "prefer", "08P01"],
      ["no, and more", "NOTE", "prefer", "08P01"],
      ["an error, as servers before 7.0", "E", "prefer", "08P01"],
      ["yes, and then no TLS", "S|garbage, and no handshake at all", "require", "TLS_FAILED"],
      ["yes, and goes", "S|", "require", "TLS_FAILED"],
      ["nothing, and goes", "", "require", "ECONNRESET"],
    ])("%s", async (_name, answer, mode, expected) => {
      await using other = await answering(answer);
      expect(await outcome(`sslmode=${mode}`, other.place)).toBe(expected);
    });

    test("silence is no reason to go on without TLS", async () => {
      for (const answer of [undefined, "S|…"]) {
        await using silent = await answering(answer);
        const url = `postgres://${silent.place}/postgres?sslmode=prefer`;
        const options = { ...sessionOptions, connectTimeoutMs: 300 };
        const failed = await databaseAt(url, connect)
          .session(options, encryptionOf)
          .catch((error: unknown) => error);
        expect(failed).toMatchObject({ kind: "refused", server: { code: "ETIMEDOUT" } });
        expect(silent.connections).toBe(1);
      }
    });

    test("a Unix socket, where TLS is not asked for", async () => {
      for (const mode of ["prefer", "require"]) {
        const query = `host=${socketFolder}&port=${server.port}&sslmode=${mode}`;
        expect(await outcome(query, "postgres@")).toBe("plain");
      }
    });

    test("nobody, nowhere, and a socket's folder without a server", async () => {
      expect(await outcome("", "postgres@127.0.0.1:1")).toBe("ECONNREFUSED");
      expect(await outcome("", "postgres@no-such-host.invalid")).toBe("ENOTFOUND");
      expect(await outcome("host=/nowhere", "postgres@")).toBe("ENOENT");
    });
  });
});

function at(user = "postgres"): string {
  return `${user}@localhost:${server.port}`;
}

function databaseAt(url: string, connect: Connect | undefined): Database {
  if (connect === undefined) throw new Error("this is not Bun");
  const sources = { environment: {}, userName: () => "postgres", readFile: () => undefined };
  const target = findDatabase({ ...sources, flag: url });
  if (!target.ok || target.value.engine !== "server") throw new Error(JSON.stringify(target));
  return serverDatabase(target.value, connect);
}

async function encryptionOf(session: Session): Promise<string> {
  const [rows] = await session.rows(
    "select case when ssl then 'tls' else 'plain' end as said from pg_stat_ssl where pid = pg_backend_pid()",
  );
  return rows?.[0]?.["said"] ?? "";
}

async function ask(script: string): Promise<string> {
  const database = databaseAt(`${server.url()}?sslmode=disable`, connectNode);
  return await database.session(sessionOptions, async (session) => {
    const [rows] = await session.rows(script);
    return Object.values(rows?.[0] ?? {})[0] ?? "";
  });
}

/** The server has this certificate, or no TLS, for whoever comes from now on. */
async function offer(name: string | undefined): Promise<void> {
  const loaded = await ask("select pg_conf_load_time()");
  const settings = {
    ssl: name === undefined ? "off" : "on",
    ssl_ca_file: "authority.crt",
    ssl_cert_file: `${name ?? "server"}.crt`,
    ssl_key_file: `${name ?? "server"}.key`,
  };
  for (const [setting, value] of Object.entries(settings)) {
    await ask(`alter system set ${setting} = '${value}'`);
  }
  await ask("select pg_reload_conf()");
  while ((await ask("select pg_conf_load_time()")) === loaded) await Bun.sleep(10);
}

interface Other extends AsyncDisposable {
  readonly place: string;
  readonly connections: number;
}

/**
 * Says this to the request for TLS, and what is behind | to what comes next; then it goes, but for
 * an ellipsis. Undefined: it says nothing, and stays.
 */
async function answering(answer: string | undefined): Promise<Other> {
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const listener = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => undefined);
    const rest = answer?.split("|");
    socket.on("data", () => {
      const next = rest?.shift();
      if (next === undefined || next === "…") return;
      if (rest?.length === 0) socket.end(next);
      else socket.write(next);
    });
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  return {
    place: `postgres@127.0.0.1:${(listener.address() as net.AddressInfo).port}`,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
