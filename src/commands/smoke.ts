import { connectToRead } from "../connect.ts";
import { setDigest } from "../core/digest.ts";
import type { MigrationSet } from "../core/migration.ts";
import type { Problem } from "../core/problem.ts";
import { type Build, type Finding } from "../core/probes.ts";
import { type Standing, standingOf } from "../core/standing.ts";
import { expectedIn } from "../expected.ts";
import { migrate } from "../migrate.ts";
import type { Outcome, SmokeStep } from "../outcome.ts";
import type { Http, World } from "../ports.ts";
import { probeHandler } from "../probing.ts";
import { productVersion } from "../product.ts";
import { readSet } from "../read-set.ts";
import type { SmokeRequest } from "../request.ts";
import { survey } from "../survey.ts";

/**
 * The boot check: `up` returns clean, what is applied is exactly the set, a second `up` does
 * nothing, and /healthz answers. A step that fails ends it: those behind it would prove nothing.
 */
export async function smoke(world: World, http: Http, request: SmokeRequest): Promise<Outcome> {
  // Everything that there is to be noted is noted by the first `up`.
  const silent: World = { ...world, reporter: { report: () => undefined } };
  const set = await readSet(world.source, silent.reporter);
  const build = { version: productVersion, set: { count: set.size, digest: setDigest(set) } };
  const checks: readonly (readonly [SmokeStep["name"], () => Promise<Found>])[] = [
    ["up", () => applies(world, request)],
    ["applied = set", () => isExactly(silent, set, request)],
    ["second up", () => appliesNothing(silent, request)],
    ["GET /healthz", () => answers(http, build)],
  ];
  const steps: SmokeStep[] = [];
  let problems: readonly Problem[] = [];
  for (const [name, check] of checks) {
    if (problems.length > 0) {
      steps.push({ name, result: "not reached", found: "" });
      continue;
    }
    const found = await check().catch((error: unknown): Found => {
      const expected = expectedIn(error, `checking "${name}"`, world.interruption);
      if (expected === undefined) throw error;
      return { problems: expected };
    });
    if ("problems" in found) problems = found.problems;
    steps.push(
      "problems" in found
        ? { name, result: "failed", found: "" }
        : { name, result: "passed", found: found.text },
    );
  }
  return { kind: "smoke", set: build.set, database: world.database.label, steps, problems };
}

type Found = { readonly text: string } | { readonly problems: readonly Problem[] };

async function applies(world: World, request: SmokeRequest): Promise<Found> {
  const { applied, left, problems } = await migrate(world, request);
  if (problems.length > 0) return { problems };
  if (left.length > 0) throw new Error("up left migrations without a problem");
  return { text: `${applied.length} applied` };
}

/** Exactly: the highest version may be there while one in the middle is not. */
async function isExactly(world: World, set: MigrationSet, request: SmokeRequest): Promise<Found> {
  const seen = await connectToRead(world, request, set, (session, facts) =>
    survey(session, request.tracker, set, facts, false),
  );
  const problems = standingProblems(standingOf(seen.diff));
  if (problems.length > 0) return { problems: [...problems, ...seen.problems] };
  return seen.problems.length > 0
    ? { problems: seen.problems }
    : { text: `${set.size} of ${set.size}, digest ${setDigest(set).slice(0, 12)}` };
}

function standingProblems({ sync, contradictions, differences }: Standing): readonly Problem[] {
  if (sync === "contradicted") return contradictions;
  return sync === "in sync" ? [] : [{ code: "not-exactly-the-set", differences }];
}

async function appliesNothing(world: World, request: SmokeRequest): Promise<Found> {
  const { applied, problems } = await migrate(world, request);
  if (problems.length > 0) return { problems };
  return applied.length === 0
    ? { text: "0 applied" }
    : { problems: [{ code: "applied-twice", ids: applied.map((one) => one.id) }] };
}

/** Over a real socket: that the server can be started where this runs is what is asked. */
async function answers(http: Http, build: Build): Promise<Found> {
  const find = (): Promise<Finding> => Promise.resolve({ kind: "migrating" });
  await using listener = await http.listen(
    { host: "127.0.0.1", port: 0 },
    probeHandler(build, find),
  );
  const url = `${listener.url}/healthz`;
  const fail = (message: string): Found => ({ problems: [{ code: "no-healthz", url, message }] });
  try {
    const { status, body } = await http.get(url, healthLimitMs);
    if (status !== 200) return fail(`status ${status}`);
    return body.includes(`"${build.set.digest}"`)
      ? { text: `200, digest ${build.set.digest.slice(0, 12)}` }
      : fail("the digest in the answer is not the set's");
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const healthLimitMs = 5000;
