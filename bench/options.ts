import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type WorkloadName, workloadNames } from "./workloads.ts";

export interface BenchOptions {
  readonly executable: string;
  readonly isQuick: boolean;
  /** Undefined: all, or with --quick those that the demands are about. */
  readonly tools: readonly string[] | undefined;
  readonly workloads: readonly WorkloadName[];
  /** Undefined: what each workload says. */
  readonly rounds: number | undefined;
  readonly json: string | undefined;
  readonly writesReadme: boolean;
}

export const usage: string = `npm run bench -- [--quick] [--tools a,b] [--workloads a,b] [--rounds N] [--json FILE] [--executable PATH] [--readme]

workloads  ${workloadNames.join(", ")}
--quick    under a minute: fewer tools and rounds
--readme   puts the table into README.md; with all tools and workloads only
`;

/** Throws what is wrong with them. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      executable: { type: "string", default: join(import.meta.dirname, "../dist/lacuna") },
      quick: { type: "boolean", default: false },
      tools: { type: "string" },
      workloads: { type: "string" },
      rounds: { type: "string" },
      json: { type: "string" },
      readme: { type: "boolean", default: false },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds ${values.rounds}: a number from 1 on`);
  }
  const named = listed(values.workloads);
  for (const name of named ?? []) {
    if (!isWorkload(name)) throw new Error(`--workloads: there is no ${name}`);
  }
  const isPart = values.quick || values.tools !== undefined || named !== undefined;
  if (values.readme && isPart) throw new Error("--readme: the README shows a full run");
  return {
    executable: resolve(values.executable),
    isQuick: values.quick,
    tools: listed(values.tools),
    workloads: workloadNames.filter((name) => named?.includes(name) ?? true),
    rounds,
    json: values.json,
    writesReadme: values.readme,
  };
}

function listed(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((name) => name.trim());
}

function isWorkload(name: string): name is WorkloadName {
  return (workloadNames as readonly string[]).includes(name);
}
