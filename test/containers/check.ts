/**
 * `bun run containers`: the images are built by buildah and run by podman, without rights, against a
 * real server. What is missing of the two is installed from Debian's packages.
 */
import { startServer, stopServers } from "../support/servers.ts";
import { suite as newSuite } from "../support/suite.ts";
import { type Engine, startEngine, whyNot } from "./engine.ts";
import { buildImages } from "./images.ts";
import { checkReaching } from "./reaching.ts";
import { checkRunning } from "./running.ts";
import { checkStopping } from "./stopping.ts";

const suite = newSuite();
const reason = whyNot();
if (reason !== undefined) {
  suite.skip("the container images", reason);
  suite.end();
}
try {
  await using engine = startEngine();
  const image = await buildImages(suite, engine);
  if (image !== undefined) await runIt(engine, image);
} finally {
  await stopServers();
}
suite.end();

async function runIt(engine: Engine, image: string): Promise<void> {
  await using server = await startServer(17);
  const ground = { suite, engine, server, image };
  await checkRunning(ground);
  await checkStopping(ground);
  await checkReaching(ground);
}
