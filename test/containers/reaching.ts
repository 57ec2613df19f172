/** A server is found by its name, and believed by its certificate. */
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { certificate, offerTls } from "../support/certificate.ts";
import { freshDatabase } from "../support/servers.ts";
import { demand, type Ground, hardened } from "./ground.ts";
import { startNameServer } from "./names.ts";

/** Whom test/support/certificate.ts is made out to. */
const certified = "lacuna.test";
const system = "/etc/ssl/certs/ca-certificates.crt";

export async function checkReaching({ suite, engine, server, image }: Ground): Promise<void> {
  const { check } = suite;
  await using empty = await freshDatabase(server);
  const status = (flags: readonly string[], host: string, parameters = "") => {
    const url = `postgres://postgres@${host}:${server.port}/${empty.name}${parameters}`;
    const args = [image, "status", "--quiet", "--connect-timeout", "1s", "--database-url", url];
    return engine.podman("run", "--rm", ...hardened, ...flags, ...args);
  };
  const hosts = ["--add-host", `${certified}:127.0.0.1`];

  await check("localhost, and a name of /etc/hosts", async () => {
    demand(await status([], "localhost"), 0);
    demand(await status(["--add-host", "db.test:127.0.0.1"], "db.test"), 0);
    demand(await status([], "db.test"), 6);
  });
  await check("a name that only a name server knows", async () => {
    using names = await startNameServer("db.example.test");
    demand(await status(["--dns", names.address], "db.example.test"), 0);
    if (names.asked() === 0) throw new Error("the name server was not asked");
    demand(await status(["--dns", names.address], "other.example.test"), 6);
  });

  await offerTls(server);
  const file = join(engine.folder, "ca.crt");
  fs.writeFileSync(file, certificate);
  await check("verify-full with a certificate that is mounted as sslrootcert", async () => {
    const flags = [...hosts, "--volume", `${file}:/run/ca.crt:ro`];
    const verify = "?sslmode=verify-full&sslrootcert=/run/ca.crt";
    demand(await status(flags, certified, verify), 0);
    demand(await status(flags, "localhost", verify), 6, "TLS_FAILED");
  });
  await check("verify-full with the certificates of the image, mounted over", async () => {
    const verify = "?sslmode=verify-full&sslrootcert=system";
    demand(await status([...hosts, "--volume", `${file}:${system}:ro`], certified, verify), 0);
    demand(await status(hosts, certified, verify), 6, "TLS_FAILED");
  });
  await check("the image has certificates of authorities", async () => {
    const container = await engine.ask("create", image);
    const list = join(engine.folder, "list.crt");
    await engine.ask("cp", `${container}:${system}`, list);
    await engine.ask("rm", container);
    const texts = fs.readFileSync(list, "utf8").split(/(?=-----BEGIN)/);
    const authorities = texts.filter((text) => new X509Certificate(text).ca);
    if (authorities.length < 100) throw new Error(`${authorities.length} of ${texts.length}`);
    return `${authorities.length} certificates`;
  });
}
