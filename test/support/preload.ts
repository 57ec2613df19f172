import { afterAll } from "bun:test";
import { stopServers } from "./servers.ts";

// A hook of a preload runs once, after the last test file; five servers may need more than the
// five seconds that bun gives a hook by default.
afterAll(stopServers, 60_000);
