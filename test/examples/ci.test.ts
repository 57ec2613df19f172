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

/** What the scripts take from their surroundings. */
const variables = {
  GITHUB_BASE_REF: "main",
  CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main",
  PRODUCTION_URL: "postgres://reader@production/app",
};

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
  const { workflow, jobs, steps } = workflowIn("github-actions.yml");

  isSound("github-actions.yml", ["verify", "build", "smoke"]);

  test("each job has the rights that it needs", () => {
    const rights = jobs.map(({ name, job }) => [name, job.permissions]);
    expect(rights).toEqual([
      ["verify", { contents: "read" }],
      ["image", { contents: "read", packages: "write" }],
    ]);
    const settings = steps.filter(isCheckout).map((step) => step.with);
    expect(settings).toEqual(jobs.map(() => ({ "persist-credentials": false })));
    // The image is for what was merged.
    expect(workflow.jobs["image"]?.needs).toBe("verify");
    expect(workflow.jobs["image"]?.if).toContain("github.event_name == 'push'");
  });

  test("the report of verify is kept, whatever it found", () => {
    const index = steps.findIndex(({ run }) => run?.includes("--junit verify.xml"));
    expect(steps[index + 1]).toMatchObject({
      if: "${{ !cancelled() }}",
      with: { path: "verify.xml" },
    });
  });
});

describe("github-pull-request.yml", () => {
  const { workflow, jobs, steps, script } = workflowIn("github-pull-request.yml");

  isSound("github-pull-request.yml", ["check", "verify"]);

  test("it reads the repository, with all of its history, on pull requests alone", () => {
    // `pull_request_target` would give its secrets to forks.
    expect(Object.keys(workflow.on)).toEqual(["pull_request"]);
    expect(jobs.map(({ job }) => job.permissions)).toEqual([{ contents: "read" }]);
    const settings = steps.filter(isCheckout).map((step) => step.with);
    expect(settings).toEqual([{ "persist-credentials": false, "fetch-depth": 0 }]);
  });

  test("the base is that of the pull request, and production is only read", () => {
    const [checking = [], verifying = []] = linesOf(script, variables);
    const around = { environment: {}, files: [] };
    expect(readArguments(checking, around).request).toMatchObject({
      base: "origin/main",
      head: undefined,
      folder: "migrations",
    });
    expect(readArguments(verifying, around).request).toMatchObject({
      target: undefined,
      appliedFrom: { kind: "database", target: { database: "app", user: "reader" } },
      folder: "migrations",
    });
  });

  test("one step alone has the secret, and it is left out where there is none", () => {
    const secret = "${{ secrets.PRODUCTION_URL }}";
    const having = steps.filter((step) => JSON.stringify(step).includes("secrets."));
    expect(having).toMatchObject([
      { if: "${{ env.HAS_PRODUCTION_URL == 'true' }}", env: { PRODUCTION_URL: secret } },
    ]);
    expect(jobs.map(({ job }) => job.env)).toEqual([
      { HAS_PRODUCTION_URL: "${{ secrets.PRODUCTION_URL != '' }}" },
    ]);
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
    const reports = ["check.xml", "verify.xml"];
    expect(job.artifacts).toEqual({ when: "always", paths: reports, reports: { junit: reports } });
    expect(job.variables).toMatchObject({ GIT_DEPTH: "0" });
  });

  test("checks what it downloads before it runs it", () => {
    expect(installs(job.script.join("\n"))).toEqual(installation);
  });

  unpacks("gitlab-ci.yml", job.script.join("\n"));
  commandLines("gitlab-ci.yml", job.script.join("\n"), ["check", "verify"]);
});

test("the examples name this version", () => {
  const names = ["compose.yaml", "github-actions.yml", "github-pull-request.yml", "gitlab-ci.yml"];
  const texts = names.map(textOf).join("\n");
  const named = [...texts.matchAll(/(?:lacuna[:-]|\/v)([0-9][0-9.]*[0-9])/g)].map(
    (match) => match[1],
  );
  expect(named).toEqual(Array.from({ length: 8 }, () => productVersion));
});

interface WorkflowFile {
  readonly text: string;
  readonly workflow: Workflow;
  readonly jobs: readonly { readonly name: string; readonly job: WorkflowJob }[];
  readonly steps: WorkflowJob["steps"];
  readonly script: string;
}

function workflowIn(file: string): WorkflowFile {
  const text = textOf(file);
  const [workflow] = documentsOf(text) as [Workflow];
  const jobs = Object.entries(workflow.jobs).map(([name, job]) => ({ name, job }));
  const steps = jobs.flatMap(({ job }) => job.steps);
  return { text, workflow, jobs, steps, script: scriptOf(steps) };
}

function scriptOf(steps: WorkflowJob["steps"]): string {
  return steps.flatMap(({ run }) => run ?? []).join("\n");
}

function isCheckout({ uses = "" }: WorkflowJob["steps"][number]): boolean {
  return uses.startsWith("actions/checkout@");
}

/** What holds for every workflow. @param names The commands of lacuna that it runs. */
function isSound(file: string, names: readonly string[]): void {
  const { text, workflow, jobs, steps, script } = workflowIn(file);

  test("fits the schema of workflows", () => {
    // It says that it does not look for the files of `paths`, which are not this repository's.
    using _ = spyOn(console, "warn").mockImplementation(() => undefined);
    expect(validateWorkflow(text).errors).toEqual([]);
    const misspelt = text.replace("timeout-minutes", "timeout-minute");
    expect(JSON.stringify(validateWorkflow(misspelt).errors)).toContain("'timeout-minute'");
  });

  test("no job has a right that it does not ask for, and each has an end", () => {
    expect(workflow.permissions).toEqual({});
    for (const { job } of jobs) expect(job["timeout-minutes"]).toBe(15);
  });

  test("actions are pinned, and nothing of an event gets into a script", () => {
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^[\w/-]+@v[0-9]+$/);
    for (const { run } of steps) if (run !== undefined) expect(run).not.toContain("${{");
  });

  test.each([...jobs])("$name checks what it downloads before it runs it", ({ job }) => {
    expect(installs(scriptOf(job.steps))).toEqual(installation);
  });

  for (const { name, job } of jobs) unpacks(`${file}, ${name},`, scriptOf(job.steps));
  commandLines(file, script, names);
}

/** Every line that runs lacuna is one that it accepts. */
function commandLines(file: string, script: string, names: readonly string[]): void {
  const lines = linesOf(script, variables);

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
  readonly on: object;
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, WorkflowJob>>;
}

interface WorkflowJob {
  readonly env?: unknown;
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
  readonly variables: unknown;
  readonly artifacts: unknown;
}
