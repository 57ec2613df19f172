/**
 * A certificate for TLS in tests, valid until 2126, of the name lacuna.test and of nobody else.
 * Its key protects nothing.
 */
import { chmodSync, chownSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import type { TestServer } from "./servers.ts";

export const certificate = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUFj9TNUsDQN5MzhgOhawBr4nFsDgwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLbGFjdW5hLnRlc3QwIBcNMjYxMTIyMTkyMTA1WhgPMjEyNjEw
MjkxOTIxMDVaMBYxFDASBgNVBAMMC2xhY3VuYS50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAElaE9fDOI9UgizrmYo/9hcwXsi42r1T90dY4P7P/gjmXs6UzF
kRJBg7j5D1qXyO1Zu4d1h4DSM9hoHIOb6EKr5qNrMGkwHQYDVR0OBBYEFBAulTUH
TgiVFpGvvp/wX8z/QrMtMB8GA1UdIwQYMBaAFBAulTUHTgiVFpGvvp/wX8z/QrMt
MA8GA1UdEwEB/wQFMAMBAf8wFgYDVR0RBA8wDYILbGFjdW5hLnRlc3QwCgYIKoZI
zj0EAwIDSAAwRQIhAN187CT5xLRBfQGXAGN1Psw0IU16OoXcTKAJvIpoyQbiAiBq
zQv+vjSdSv3MTgAQQhIH68N7lbkNI1iVrY8NMFBw9Q==
-----END CERTIFICATE-----
`;

const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbq64B087Eq85Wb45
PXn9YKo4dsekCqpCDR8TnvWbYtShRANCAASVoT18M4j1SCLOuZij/2FzBeyLjavV
P3R1jg/s/+COZezpTMWREkGDuPkPWpfI7Vm7h3WHgNIz2Ggcg5voQqvm
-----END PRIVATE KEY-----
`;

/** From now on the server offers TLS. */
export async function offerTls(server: TestServer): Promise<void> {
  const { uid, gid } = statSync(server.dataDirectory);
  for (const [name, text] of Object.entries({ "server.crt": certificate, "server.key": key })) {
    const path = join(server.dataDirectory, name);
    writeFileSync(path, text);
    chmodSync(path, 0o600);
    chownSync(path, uid, gid);
  }
  const sql = postgres(server.url(), { max: 1, fetch_types: false });
  try {
    await sql.unsafe("alter system set ssl = on");
    await sql.unsafe("select pg_reload_conf()");
  } finally {
    await sql.end();
  }
}
