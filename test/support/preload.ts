import { afterAll } from "bun:test";
import { stopServers } from "./servers.ts";

// A hook of a preload runs once, after the last test file; five servers may need more than the
// five seconds that bun gives a hook by default. In a worker of `bun test --parallel` it would run
// after each file, and the next would start the servers anew: there they end with the process.
if (process.env["BUN_TEST_WORKER_ID"] === undefined) afterAll(stopServers, 60_000);
