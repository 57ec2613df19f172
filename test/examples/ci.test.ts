/** examples/compose.yaml and the two workflows, by the schemas that there are, and by hand beyond. */
import { describe, expect, spyOn, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { validateWorkflow } from "@action-validator/core";
import { DCLinter } from "dclint";
import { tarGz } from "../../build/archives.ts";
import { productVersion } from "../../src/product.ts";
import { linesOf, readArguments } from "./command-line.ts";
import { documentsOf, pathOf, textOf } from "./documents.ts";

describe("compose.yaml", () => {
  const [compose] = documentsOf(textOf("compose.yaml")) as [Compose];
  const { app, migrate, postgres } = compose.services;

  test("fits the schema of Compose, and its linter has nothing to say", () => {
    const linter = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] });
    const results = linter.lintFiles([pathOf("compose.yaml")], false);
    expect(results.map(({ messages }) => messages)).toEqual([[]]);
  });

  test("the program waits for the migrations, and they for the database", () => {
    expect(app?.depends_on).toEqual({ migrate: { condition: "service_completed_successfully" } });
    expect(migrate?.depends_on).toEqual({ postgres: { condition: "service_healthy" } });
    expect(postgres).toHaveProperty("healthcheck.test[1]", "pg_isready");
    // A service that is started again has not completed.
    expect(migrate?.restart).toBe("no");
  });

  test("lacuna accepts its command line, and finds its secret", () => {
    const files = (migrate?.secrets ?? []).map((name) => `/run/secrets/${name}`);
    const environment = migrate?.environment ?? {};
    const { request } = readArguments(migrate?.command ?? [], { environment, files });
    expect(request).toMatchObject({ command: "up", target: { database: "from_a_file" } });
    expect(migrate?.volumes).toEqual(["./migrations:/migrations:ro"]);
    expect(request).toHaveProperty("folder", "/migrations");
    expect(Object.keys(compose.secrets)).toEqual(["database-url", "postgres-password"]);
  });

  test("lacuna runs without rights", () => {
    expect(migrate).toMatchObject({
      user: "65532:65532",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      mem_limit: "128m",
    });
  });
});

describe("github-actions.yml", () => {
  const text = textOf("github-actions.yml");
  const [workflow] = documentsOf(text) as [Workflow];
  const jobs = Object.entries(workflow.jobs).map(([name, job]) => ({ name, job }));
  const steps = jobs.flatMap(({ job }) => job.steps);

  test("fits the schema of workflows", () => {
    // It says that it does not look for the files of `paths`, which are not this repository's.
    using _ = spyOn(console, "warn").mockImplementation(() => undefined);
    expect(validateWorkflow(text).errors).toEqual([]);
    const misspelt = text.replace("timeout-minutes", "timeout-minute");
    expect(JSON.stringify(validateWorkflow(misspelt).errors)).toContain("'timeout-minute'");
  });

  test("each job has the rights that it needs, and an end", () => {
    expect(workflow.permissions).toEqual({});
    const rights = jobs.map(({ name, job }) => [name, job.permissions]);
    expect(rights).toEqual([
      ["verify", { contents: "read" }],
      ["image", { contents: "read", packages: "write" }],
    ]);
    for (const { job } of jobs) expect(job["timeout-minutes"]).toBe(15);
    const checkouts = steps.filter(({ uses = "" }) => uses.startsWith("actions/checkout@"));
    expect(checkouts.map((step) => step.with)).toEqual(
      jobs.map(() => ({ "persist-credentials": false })),
    );
    // The image is for what was merged.
    expect(workflow.jobs["image"]?.needs).toBe("verify");
    expect(workflow.jobs["image"]?.if).toContain("github.event_name == 'push'");
  });

  test("actions are pinned, and nothing of an event gets into a script", () => {
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^[\w/-]+@v[0-9]+$/);
    for (const { run } of steps) if (run !== undefined) expect(run).not.toContain("${{");
  });

  test.each(jobs)("$name checks what it downloads before it runs it", ({ job }) => {
    expect(installs(job.steps.flatMap(({ run }) => run ?? []).join("\n"))).toEqual(installation);
  });

  for (const [name, job] of Object.entries(workflow.jobs))
    unpacks(`github-actions.yml, ${name},`, job.steps.flatMap(({ run }) => run ?? []).join("\n"));
  commandLines("github-actions.yml", steps.flatMap(({ run }) => run ?? []).join("\n"), [
    "verify",
    "build",
    "smoke",
  ]);

  test("the report of verify is kept, whatever it found", () => {
    const index = steps.findIndex(({ run }) => run?.includes("--junit verify.xml"));
    expect(steps[index + 1]).toMatchObject({
      if: "${{ !cancelled() }}",
      with: { path: "verify.xml" },
    });
  });
});

/** No validator of GitLab's works without a GitLab, so its few keys are looked at one by one. */
describe("gitlab-ci.yml", () => {
  const [{ "verify-migrations": job, ...others }] = documentsOf(textOf("gitlab-ci.yml")) as [
    Readonly<Record<"verify-migrations", GitlabJob>>,
  ];

  test("has the keys of a job, and no others", () => {
    expect(others).toEqual({});
    const keys = "stage image timeout rules variables script artifacts";
    expect(Object.keys(job).join(" ")).toBe(keys);
    expect(job.rules.map((rule) => Object.keys(rule))).toEqual([["if", "changes"]]);
    expect(job.artifacts).toEqual({
      when: "always",
      paths: ["verify.xml"],
      reports: { junit: "verify.xml" },
    });
  });

  test("checks what it downloads before it runs it", () => {
    expect(installs(job.script.join("\n"))).toEqual(installation);
  });

  unpacks("gitlab-ci.yml", job.script.join("\n"));
  commandLines("gitlab-ci.yml", job.script.join("\n"), ["verify"]);
});

test("the examples name this version", () => {
  const texts = ["compose.yaml", "github-actions.yml", "gitlab-ci.yml"].map(textOf).join("\n");
  const named = [...texts.matchAll(/(?:lacuna[:-]|\/v)([0-9][0-9.]*[0-9])/g)].map(
    (match) => match[1],
  );
  expect(named).toEqual(Array.from({ length: 6 }, () => productVersion));
});

/** Every line that runs lacuna is one that it accepts. */
function commandLines(file: string, script: string, names: readonly string[]): void {
  const lines = linesOf(script);

  test(`${file} runs ${names.join(", ")}`, () => {
    expect(lines.map(([name]) => name)).toEqual([...names]);
  });

  for (const argv of lines) {
    test(`${file}: lacuna ${argv.join(" ")}`, () => {
      // What it is not told, it finds nowhere: no variable leads to a database here.
      const { request } = readArguments(argv, { environment: {}, files: [] });
      expect(request.command).toBe(argv[0] as typeof request.command);
      expect(() => readArguments([...argv, "--unknown"], { environment: {}, files: [] })).toThrow(
        "Unknown flag --unknown",
      );
    });
  }
}

/** A release's archive, as build/archives.ts makes it, is unpacked by the script's own line. */
function unpacks(file: string, script: string): void {
  test(`${file} finds the executable in a release's archive`, async () => {
    const line = script.split("\n").find((one) => one.trim().startsWith("tar "));
    const folder = mkdtempSync(join(tmpdir(), "lacuna-examples-"));
    try {
      const program = {
        name: "lacuna",
        bytes: Buffer.from("#!/bin/sh\necho ran"),
        isExecutable: true,
      };
      const archive = await tarGz(`lacuna-${productVersion}-linux-x64`, [program]);
      writeFileSync(join(folder, "lacuna.tar.gz"), archive);
      const run = spawnSync("sh", ["-ec", `${line}\n./lacuna`], { cwd: folder, encoding: "utf8" });
      expect(`${run.stdout}${run.stderr}`).toBe("ran\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

const installation = ["curl", "sha256sum", "tar", "lacuna"];

/** In which order a script gets, checks, unpacks and first runs lacuna. */
function installs(script: string): readonly (string | undefined)[] {
  const words = [
    ["curl", "--output lacuna.tar.gz"],
    ["sha256sum", 'echo "$LACUNA_SHA256  lacuna.tar.gz" | sha256sum --check --strict'],
    ["tar", "--file lacuna.tar.gz"],
    ["lacuna", "./lacuna "],
  ] as const;
  return words
    .map(([name, part]) => ({ name, at: script.indexOf(part) }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly secrets: Readonly<Record<string, unknown>>;
}

interface ComposeService {
  readonly command?: readonly string[];
  readonly depends_on?: unknown;
  readonly environment?: Readonly<Record<string, string>>;
  readonly restart?: string;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
}

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, WorkflowJob>>;
}

interface WorkflowJob {
  readonly if?: string;
  readonly needs?: string;
  readonly permissions: unknown;
  readonly "timeout-minutes": number;
  readonly steps: readonly {
    readonly run?: string;
    readonly uses?: string;
    readonly with?: unknown;
  }[];
}

interface GitlabJob {
  readonly rules: readonly object[];
  readonly script: readonly string[];
  readonly artifacts: unknown;
}
