import { type Answer, type Build, type Finding, readinessOf } from "./probes.ts";
import type { StandingCounts } from "./standing.ts";

/**
 * /metrics, in Prometheus' text format. What nobody knows is left out: a gauge that says 0 while
 * the database is away would be taken for good news.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function metricsAnswer(finding: Finding, { version, set }: Build): Answer {
  const { ready } = readinessOf(finding);
  const metrics: Metric[] = [
    [
      "lacuna_build_info",
      "The version of lacuna and the digest of the set that it carries; always 1.",
      1,
      `{version="${label(version)}",set_digest="${label(set.digest)}"}`,
    ],
    ["lacuna_set_migrations", "Migrations of the set.", set.count],
    [
      "lacuna_ready",
      "Whether every migration of the set is applied, and none renamed or renumbered.",
      ready === "ready" ? 1 : 0,
    ],
    [
      "lacuna_migrating",
      "Whether migrations are being applied by this program; the database is not read meanwhile.",
      finding.kind === "migrating" ? 1 : 0,
    ],
  ];
  if (finding.kind !== "migrating") {
    const isUp = finding.kind === "read" ? 1 : 0;
    metrics.push([
      "lacuna_database_up",
      "Whether the tracker could be read; what is in it is only told where it could.",
      isUp,
    ]);
  }
  if (finding.kind === "read") {
    const { counts, lastAppliedAt } = finding.standing;
    for (const [name, help] of Object.entries(helpOf)) {
      metrics.push([`lacuna_migrations_${name}`, help, counts[name as keyof StandingCounts]]);
    }
    if (lastAppliedAt !== undefined) {
      metrics.push([
        "lacuna_last_applied_timestamp_seconds",
        "When the last migration was applied, in seconds since 1970.",
        lastAppliedAt.getTime() / 1000,
      ]);
    }
  }
  return {
    status: 200,
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
    body: metrics.map(exposed).join(""),
  };
}

const helpOf: Readonly<Record<keyof StandingCounts, string>> = {
  applied: "Migrations of the set that are in the tracker, renamed and changed ones included.",
  pending:
    "Migrations of the set that are not applied: gaps, those that stopped half-way and those that the next up takes over from an old tracker included.",
  gaps: "The part of the pending migrations below the highest applied version.",
  ahead: "Versions applied that are not in the set and above its highest.",
  missing: "Versions applied that are not in the set and below its highest.",
  renamed: "Migrations applied under another name than their file has.",
  renumbered: "Pending migrations whose file is applied under a number that is not in the set.",
  changed: "Migrations whose file was edited after they were applied.",
};

type Metric = readonly [name: string, help: string, value: number, labels?: string];

function exposed([name, help, value, labels = ""]: Metric): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}${labels} ${value}\n`;
}

function label(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
