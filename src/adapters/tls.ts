/** What an sslmode means for a handshake. https://www.postgresql.org/docs/current/libpq-ssl.html */
import { readFileSync } from "node:fs";
import type { TlsPolicy } from "../core/target.ts";

/** What the server has to prove: nothing, that its authority is a known one, or its name as well. */
export type Verification = "none" | "authority" | "identity";

export interface Handshake {
  readonly verification: Verification;
  /** The name that is asked for (SNI). An address is no name. */
  readonly serverName: string | undefined;
  /** PEM files, read anew for each connection: they are renewed while `serve` runs. */
  readonly files: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
  };
}

/** @throws where a file cannot be read. */
export function handshakeOf(policy: TlsPolicy, host: string): Handshake {
  const { rootCertificate, certificate, key } = policy;
  const verification = verificationOf(policy);
  const isVerified = verification !== "none";
  return {
    verification,
    serverName: isAddress(host) ? undefined : host,
    files: {
      ...(isVerified && rootCertificate !== undefined && rootCertificate !== "system"
        ? { ca: readFileSync(rootCertificate, "utf8") }
        : {}),
      ...(certificate === undefined ? {} : { cert: readFileSync(certificate, "utf8") }),
      ...(key === undefined ? {} : { key: readFileSync(key, "utf8") }),
    },
  };
}

function verificationOf({ mode, rootCertificate }: TlsPolicy): Verification {
  if (mode === "verify-full") return "identity";
  // As in libpq, a root certificate turns require into verify-ca.
  const asksForAuthority = mode === "require" && rootCertificate !== undefined;
  return mode === "verify-ca" || asksForAuthority ? "authority" : "none";
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^[0-9]+(?:\.[0-9]+){3}$/.test(host);
}
