import type { Command, Flag } from "./definition.ts";
import { connectTimeout, databaseUrl, locks, migrations, policy, tracker } from "./shared.ts";

/** What of `up` can be said to `serve --up`; it means nothing to a `serve` that does not migrate. */
export function flagsWithUp(): readonly Flag[] {
  return [...policy.slice(1), ...locks, connectTimeout("60s")];
}

export const serve = (): Command => ({
  name: "serve",
  args: "",
  about: "answer /healthz, /readyz and /metrics until it is stopped",
  details: `Paths:
  /healthz  200: it is alive; its version and the set's digest; asks no database
  /readyz   200 if every migration of the set is applied and none renamed or renumbered, else 503
  /metrics  the same in numbers, for Prometheus`,
  flags: [
    {
      name: "port",
      value: "PORT",
      about: "where to listen; 0 is any that is free (default: 8080)",
    },
    {
      name: "host",
      value: "HOST",
      about: "the address to listen on (default: all of this machine)",
    },
    {
      name: "up",
      about: "migrate first, not ready meanwhile; end with its exit code if it fails",
    },
    ...flagsWithUp().map((flag) => ({ ...flag, about: `with --up: ${flag.about}` })),
    databaseUrl,
    tracker,
    migrations,
  ],
  examples: [
    ["lacuna serve", "a sidecar; curl localhost:8080/readyz"],
    ["lacuna serve --up --host 127.0.0.1 --port 9090", "migrate, then stay and tell"],
  ],
});
