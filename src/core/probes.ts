/**
 * What /healthz, /readyz and /metrics answer. Decided here, without a socket and without a
 * database: the shell brings what was read, and takes the answer to the network.
 */
import type { Problem } from "./problem.ts";
import { differencesInWords } from "./explain/readiness.ts";
import { explain } from "./explain/explain.ts";
import { awaited, isReady, type Standing } from "./standing.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is served, whatever the database does. */
export interface Build {
  readonly version: string;
  readonly set: { readonly count: number; readonly digest: string };
}

/** What is known of the database, as the probes ask for it. */
export type Finding =
  | { readonly kind: "migrating" }
  | {
      readonly kind: "read";
      readonly standing: Standing;
      readonly problems: readonly Problem[];
    }
  | { readonly kind: "unreadable"; readonly problems: readonly Problem[] };

export type Route = "healthz" | "readyz" | "metrics" | "not found" | "not allowed";

/** A path that is there is asked for its methods; one that is not is not found by any. */
export function routeOf(method: string, path: string): Route {
  const route = routes.get(path.replace(/[?#].*$/s, ""));
  if (route === undefined) return "not found";
  return method === "GET" || method === "HEAD" ? route : "not allowed";
}

const routes: ReadonlyMap<string, "healthz" | "readyz" | "metrics"> = new Map([
  ["/healthz", "healthz"],
  ["/readyz", "readyz"],
  ["/metrics", "metrics"],
]);

export function notFound(): Answer {
  return json(404, { error: "there are /healthz, /readyz and /metrics" });
}

export function notAllowed(): Answer {
  const answer = json(405, { error: "GET and HEAD are the methods that are answered" });
  return { ...answer, headers: { ...answer.headers, allow: "GET, HEAD" } };
}

/** This process is alive, and this is what it carries. Whether it can work is /readyz' to say. */
export function healthAnswer({ version, set }: Build): Answer {
  return json(200, { status: "ok", version, set });
}

/** 200 only if every migration of the set is applied, and none renamed or renumbered. */
export function readyAnswer(finding: Finding, { set }: Build): Answer {
  const { ready, reason } = readinessOf(finding);
  const { changed: _changed, ...counts } = finding.kind === "read" ? finding.standing.counts : {};
  return json(ready === "ready" ? 200 : 503, { ready: ready === "ready", reason, ...counts, set });
}

/** Whether it is ready, in a word, and why, in a sentence. */
export function readinessOf(finding: Finding): {
  readonly ready: "ready" | "not ready";
  readonly reason: string;
} {
  if (finding.kind === "migrating") {
    return { ready: "not ready", reason: "migrations are being applied" };
  }
  if (finding.kind === "unreadable") {
    return { ready: "not ready", reason: titles(finding.problems) };
  }
  const { standing, problems } = finding;
  if (standing.sync === "contradicted") {
    return { ready: "not ready", reason: titles(standing.contradictions) };
  }
  if (isReady(standing)) return { ready: "ready", reason: "every migration of the set is applied" };
  const reasons = problems.length === 0 ? "" : `; ${titles(problems)}`;
  return {
    ready: "not ready",
    reason: `not applied: ${differencesInWords(awaited(standing))}${reasons}`,
  };
}

function titles(problems: readonly Problem[]): string {
  return problems.map((problem) => explain(problem).title).join("; ");
}

function json(status: number, document: Readonly<Record<string, unknown>>): Answer {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: `${JSON.stringify({ lacuna: 1, ...document })}\n`,
  };
}
