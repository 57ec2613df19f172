import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { contentsOf } from "../../bench/databases.ts";
import { checkDemands } from "../../bench/demands.ts";
import { type Cell, measured, median } from "../../bench/figures.ts";
import { beforeGap, bigFile, gapHistory, history, madeBy } from "../../bench/history.ts";
import { readOptions } from "../../bench/options.ts";
import { inReadme } from "../../bench/readme.ts";
import { table } from "../../bench/table.ts";
import { freshDatabase, sharedServer } from "../support/servers.ts";
import type { Suite } from "../support/suite.ts";

function taking(wallMs: number, afterLogin = 3, peakMib = 20): Cell {
  const run = { wallMs, cpuMs: 2, peakMib, exitCode: 0, said: "" };
  return measured([run], { all: afterLogin + 1, afterLogin, connections: 1 });
}

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])("the median of %p is %d", (values, wanted) => {
  expect(median(values)).toBe(wanted);
});

test("a table of what was measured, what failed and what a tool has no part in", () => {
  const rows = [
    { title: "one", cells: [taking(1234), { kind: "gap", outcome: "refused" } as const] },
    { title: "another", cells: [{ kind: "failed", reason: "it ended" } as const, undefined] },
  ];
  expect(table(["fresh", "a gap"], rows)).toBe(
    [
      "| tool    | fresh                        | a gap   |",
      "| ------- | ---------------------------- | ------- |",
      "| one     | 1.23 s / 2.0 ms / 20 / 4 (3) | refused |",
      "| another | failed                       | –       |\n",
    ].join("\n"),
  );
});

describe("demands", () => {
  test("are held against the same run", async () => {
    const lines = await judged({
      "lacuna nothing-500": taking(90, 4),
      "dbmate nothing-500": taking(100),
      "lacuna fresh-1000": taking(60),
      "dbmate fresh-1000": taking(100),
      "sql-migrate fresh-1000": taking(80),
      "lacuna big-file": taking(116, 3, 161),
      "psql big-file": taking(100),
      "lacuna one-new-1000": { kind: "failed", reason: "" },
      "dbmate one-new-1000": taking(100),
    });
    expect(lines).toEqual([
      "FAIL fresh 1,000: at most 0.5 times dbmate: 0.60 times: 60 ms to 100 ms",
      "skip fresh 1,000: at most 0.6 times goose: goose: not on PATH; 0.75 times: 60 ms to 80 ms, sql-migrate",
      "skip fresh 1,000: at most 1.4 times floor-pipelined-asynchronous: floor-pipelined-asynchronous was not measured",
      "pass nothing to do on 500: at most 1 times dbmate: 0.90 times: 90 ms to 100 ms",
      "FAIL one new on 1,000: at most 1 times dbmate: lacuna failed",
      "FAIL 20 MB: at most 1.15 times psql: 1.16 times: 116 ms to 100 ms",
      "FAIL nothing to do on 500: at most 3 round trips behind the log-in: 4",
      "FAIL 20 MB: at most 160 MiB of memory: 161 MiB",
    ]);
  });
});

async function judged(cells: Readonly<Record<string, Cell>>): Promise<readonly string[]> {
  const lines: string[] = [];
  const suite: Suite = {
    async check(title, work) {
      try {
        lines.push(`pass ${title}: ${String(await work())}`);
      } catch (error) {
        lines.push(`FAIL ${title}: ${(error as Error).message}`);
      }
    },
    skip: (title, reason) => lines.push(`skip ${title}: ${reason}`),
    end: () => process.exit(1),
  };
  const leftOut = [{ name: "goose", reason: "not on PATH" }];
  const cell = (tool: string, workload: string): Cell | undefined => cells[`${tool} ${workload}`];
  await checkDemands({ cell, leftOut }, suite);
  return lines;
}

describe("options", () => {
  test.each([
    [["--rounds", "0"], "--rounds 0"],
    [["--workloads", "start,none"], "there is no none"],
    [["--readme", "--quick"], "a full run"],
    [["--unknown"], "--unknown"],
  ])("%p is refused", (argv, wanted) => {
    expect(() => readOptions(argv)).toThrow(wanted);
  });

  test("a list keeps the table's order", () => {
    expect(readOptions(["--workloads", "gap, start"]).workloads).toEqual(["start", "gap"]);
  });
});

test("README.md has a place for the table, and nothing else of it changes", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const written = inReadme(readme, "| a table |");
  expect(written).toContain("\n\n| a table |\n\n<!--");
  const outside = (text: string): string =>
    text.replace(/(<!-- bench: from)[\s\S]*(<!-- bench: until)/, "$1$2");
  expect(outside(written)).toBe(outside(readme));
});

describe("what all tools are given", () => {
  const sets = { history: history(100), "the gap's": gapHistory(), "before it": beforeGap() };
  test.each(Object.entries(sets))("%s files make what they say", async (_, files) => {
    const server = await sharedServer(18);
    await using database = await freshDatabase(server);
    const sql = postgres(database.url, { max: 1, fetch_types: false });
    for (const file of files) await sql.unsafe(file.sql);
    await sql.end();
    expect(await contentsOf(database.url)).toEqual(madeBy(files));
  });

  test("the big file has 20 MB", () => {
    const [file] = bigFile();
    expect(Math.round((file?.sql.length ?? 0) / 1e5)).toBe(200);
  });
});
