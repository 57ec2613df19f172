import type { Signal } from "../core/problem.ts";
import { setDigest } from "../core/digest.ts";
import { type Build, type Finding, readinessOf } from "../core/probes.ts";
import { exitCodeOf } from "../core/explain/explain.ts";
import { migrate } from "../migrate.ts";
import type { Outcome } from "../outcome.ts";
import { deferred } from "../deferred.ts";
import type { Http, HttpHandler, Reporter, Source, World } from "../ports.ts";
import { probeHandler, sharedFinding } from "../probing.ts";
import { productVersion } from "../product.ts";
import { readSet } from "../read-set.ts";
import { readStanding } from "../reading.ts";
import type { ServeRequest } from "../request.ts";

/**
 * Serves /healthz, /readyz and /metrics until a signal comes. With --up it migrates first, and
 * answers meanwhile that it is alive and not ready; a migration that fails ends it.
 * @param redact Cuts passwords from what leaves by the network.
 */
export async function serve(
  world: World,
  http: Http,
  redact: (text: string) => string,
  request: ServeRequest,
): Promise<Outcome> {
  const { clock, interruption } = world;
  const { promise: stopped, resolve: stop } = deferred<Signal>();
  const stopListening = interruption.onSignal(() => {
    if (interruption.signal !== undefined) stop(interruption.signal);
  });
  try {
    // Read once: what is applied is what is served, whatever happens to the folder.
    const source = await readOnce(world.source);
    const set = await readSet(source, world.reporter);
    const build = {
      version: productVersion,
      set: { count: set.size, digest: setDigest(set) },
    } satisfies Build;

    let phase: "migrating" | "serving" = request.migrate === undefined ? "serving" : "migrating";
    const read = sharedFinding(clock, answerLimitMs, () =>
      readStanding(world, { tracker: request.tracker, limitMs: readingLimitMs }, set),
    );
    const find = async (): Promise<Finding> =>
      phase === "migrating" ? { kind: "migrating" } : read();
    const handler = probeHandler(build, toldTo(world.reporter, find));
    await using listener = await http.listen(request, redacted(handler, redact));
    world.reporter.report({ kind: "listening", url: listener.url });

    if (request.migrate !== undefined) {
      const outcome = await migrate(
        { ...world, source, reporter: withoutFileNotes(world.reporter) },
        request.migrate,
      );
      if (exitCodeOf(outcome.problems) !== 0) return outcome;
      world.reporter.report({ kind: "migrated", applied: outcome.applied.length });
    }
    phase = "serving";
    return { kind: "stopped", signal: await stopped };
  } finally {
    stopListening();
  }
}

const readingLimitMs = 2000;
/** Where there are several hosts, or none that answers, a reading takes longer. */
const answerLimitMs = 3000;

async function readOnce(source: Source): Promise<Source> {
  const files = await source.list();
  return { folder: source.folder, list: () => Promise.resolve(files) };
}

/** They were said when the set was read for the first time. */
function withoutFileNotes(reporter: Reporter): Reporter {
  return {
    report(event) {
      if (event.kind !== "file-note") reporter.report(event);
    },
  };
}

/** Says what a probe found, when it is something else than before. */
function toldTo(reporter: Reporter, find: () => Promise<Finding>): () => Promise<Finding> {
  let told = "";
  return async () => {
    const finding = await find();
    const { ready, reason } = readinessOf(finding);
    if (reason !== told) reporter.report({ kind: "readiness", ready, reason });
    told = reason;
    return finding;
  };
}

function redacted(handler: HttpHandler, redact: (text: string) => string): HttpHandler {
  return async (method, path) => {
    const answer = await handler(method, path);
    return { ...answer, body: redact(answer.body) };
  };
}
