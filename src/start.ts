/**
 * What an executable begins with. `--version` is asked often, by probes and by scripts, so it is
 * answered before all that main.ts loads.
 */
import { inside } from "./adapters/inside.ts";
import { processStreams } from "./adapters/streams.ts";
import { versionLines } from "./cli/executable-text.ts";
import { productVersion } from "./product.ts";

if (process.argv.length === 3 && process.argv[2] === "--version") {
  const { platform, set: embedded } = inside ?? { platform: undefined, set: undefined };
  const lines = versionLines({ kind: "version", version: productVersion, platform, embedded });
  const streams = processStreams();
  streams.stdout(new TextEncoder().encode(`${lines.join("\n")}\n`));
  process.exit(streams.failure === undefined ? 0 : 2);
}
await import("./main.ts");
