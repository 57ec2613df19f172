import { describe, expect, test } from "bun:test";
import { postgresParser } from "../../../src/adapters/parser.ts";
import type { Style } from "../../../src/cli/render.ts";
import { textRenderer } from "../../../src/cli/render-text.ts";
import { diff } from "../../../src/core/diff.ts";
import { preview } from "../../../src/core/plan.ts";
import { schemaOf } from "../../../src/core/schema.ts";
import { defaultTracker } from "../../../src/core/tracker.ts";
import type { ServerMessage } from "../../../src/core/problem.ts";
import type { Event } from "../../../src/events.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { appliedOf, type Files, migrationOf, type RowSample, setOf, versionOf } from "../made.ts";

const parse = await postgresParser.load();

/** Lines as they leave: `1 ` in front of data, `2 ` in front of talk. */
function linesOf(
  style: Partial<Style>,
  use: (renderer: ReturnType<typeof textRenderer>) => void,
): string[] {
  const lines: string[] = [];
  const output = {
    data: (text: string): void => {
      lines.push(`1 ${text}`);
    },
    talk: (text: string): void => {
      lines.push(`2 ${text}`);
    },
    bytes: (bytes: Uint8Array): void => {
      lines.push(`bytes ${new TextDecoder().decode(bytes)}`);
    },
  };
  use(textRenderer(output, { talk: "normal", command: "up", color: false, ...style }));
  return lines;
}

const told = (event: Event, style: Partial<Style> = {}): string[] =>
  linesOf(style, (renderer) => {
    renderer.event(event);
  });

const ended = (outcome: Outcome, style: Partial<Style> = {}): string[] =>
  linesOf(style, (renderer) => {
    renderer.outcome(outcome, 0);
  });

const migration = migrationOf("select 1", "007_a.up.sql");
const error: ServerMessage = {
  severity: "ERROR",
  code: "55P03",
  message: "canceling statement due to lock timeout",
};
const [applied] = diff(
  setOf({ "007_a.sql": "y" }),
  appliedOf([{ version: "7", text: "x" }]),
).entries;
const [ahead] = diff(setOf({}), appliedOf([{ version: "9", name: "z" }])).entries;
if (applied === undefined || ahead === undefined) throw new Error("a diff without entries");

interface Sample {
  readonly name: string;
  readonly event: Event;
  readonly lines: readonly string[];
  readonly verbose?: readonly string[];
}

const events: readonly Sample[] = [
  {
    name: "waiting for the database",
    event: { kind: "waiting-for-database", database: "h:5432/d", reason: "refused" },
    lines: ["2 waiting for h:5432/d: refused"],
  },
  {
    name: "connected",
    event: { kind: "connected", database: "h:5432/d", serverVersion: "18.1" },
    lines: [],
    verbose: ["2 connected to h:5432/d, PostgreSQL 18.1"],
  },
  {
    name: "a pooler",
    event: { kind: "pooler", database: "h:6432/d", mode: "session" },
    lines: [],
    verbose: ["2 h:6432/d is a pooler in session mode"],
  },
  {
    name: "waiting for the lock",
    event: { kind: "waiting-for-lock", holder: "pid 42", waitedMs: 1000 },
    lines: ["2 waiting for the lock, held by pid 42"],
  },
  {
    name: "waiting for a lock of somebody unseen",
    event: { kind: "waiting-for-lock", holder: undefined, waitedMs: 1000 },
    lines: ["2 waiting for the lock"],
  },
  {
    name: "a lonely down file",
    event: { kind: "file-note", note: { code: "down-without-up", path: "m/7_a.down.sql" } },
    lines: ['2 note: "m/7_a.down.sql" is a down file without its up file'],
  },
  {
    name: "a large file",
    event: {
      kind: "file-note",
      note: { code: "large-file", path: "m/7_a.sql", bytes: 3 * 1_048_576 },
    },
    lines: ['2 note: "m/7_a.sql" has 3 MB; if it fails, all of it lands in the server\'s log'],
  },
  {
    name: "an edited file",
    event: { kind: "history-note", note: { code: "changed", entry: applied } },
    lines: ["2 note: 007_a was edited after it was applied"],
  },
  {
    name: "other line ends",
    event: { kind: "history-note", note: { code: "line-ends", entry: applied } },
    lines: ["2 note: 007_a has other line ends than when it was applied, which is forgiven"],
  },
  {
    name: "a newer database",
    event: { kind: "history-note", note: { code: "ahead", entry: ahead } },
    lines: [
      "2 note: version 9 (z) is applied and not in this set: a newer image migrated this database",
    ],
  },
  {
    name: "a file that is gone",
    event: { kind: "history-note", note: { code: "missing", entry: ahead } },
    lines: ["2 note: version 9 (z) is applied, and its file is gone"],
  },
  {
    name: "a take-over",
    event: {
      kind: "adopted",
      adoption: { version: versionOf("7"), from: ["a.m", "b.m"], migrations: [migration] },
    },
    lines: [
      "2 took over 1 version up to 7 from a.m and b.m (golang-migrate), without evidence that each was really applied",
    ],
  },
  {
    name: "a migration that begins",
    event: { kind: "applying", migration, isGap: false },
    lines: [],
    verbose: ["2 applying 007_a"],
  },
  {
    name: "a statement",
    event: { kind: "statement-done", migration, statement: 1, of: 2 },
    lines: [],
    verbose: ["2 done: statement 1 of 2 of 007_a"],
  },
  {
    name: "a file that is resumed",
    event: { kind: "resuming", migration, statement: 2, of: 3 },
    lines: ["2 resuming 007_a at statement 2 of 3"],
  },
  {
    name: "a repair",
    event: { kind: "repairing", migration, index: "public.i" },
    lines: ["2 dropping the INVALID index public.i, which an earlier run of 007_a left"],
  },
  {
    name: "another try",
    event: { kind: "retrying", migration, error, attempt: 1, pauseMs: 1500 },
    lines: ["2 007_a: canceling statement due to lock timeout (55P03); trying again in 1.5 s"],
  },
  {
    name: "a connection that is lost",
    event: { kind: "reconnecting", migration: undefined, reason: "it broke" },
    lines: ["2 connection lost: it broke; connecting again"],
  },
  {
    name: "a connection that is lost with a migration on its way",
    event: { kind: "reconnecting", migration, reason: "it broke" },
    lines: ["2 007_a: connection lost: it broke; connecting again, to read whether it was applied"],
  },
  {
    name: "an applied migration",
    event: { kind: "applied", migration, isGap: false, elapsedMs: 12 },
    lines: ["1 applied 007_a (12 ms)"],
  },
  {
    name: "an applied gap",
    event: { kind: "applied", migration, isGap: true, elapsedMs: 1200 },
    lines: ["1 applied 007_a (gap, 1.2 s)"],
  },
  {
    name: "a notice",
    event: {
      kind: "notice",
      notice: { severity: "NOTICE", code: "00000", message: "hello" },
      migration,
    },
    lines: ["2 notice: hello"],
  },
  {
    name: "a warning with a hint",
    event: {
      kind: "notice",
      notice: { severity: "WARNING", code: "01000", message: "mind", hint: "the gap" },
      migration: undefined,
    },
    lines: ["2 warning: mind (the gap)"],
  },
  {
    name: "a notice that would clear the screen",
    event: {
      kind: "notice",
      notice: { severity: "NOTICE", code: "00000", message: "\u001b[2Jgone\r" },
      migration,
    },
    lines: ["2 notice: \\u001b[2Jgone"],
  },
];

describe("events", () => {
  test.each([...events])("$name", ({ event, lines, verbose = lines }) => {
    expect(told(event)).toEqual([...lines]);
    expect(told(event, { talk: "verbose" })).toEqual([...verbose]);
    expect(told(event, { talk: "quiet" })).toEqual([]);
  });
});

describe("the end of up", () => {
  const up = { kind: "up", applied: [], left: [], problems: [] } as const;
  test.each([
    { name: "nothing to do", outcome: up, lines: ["1 nothing to do"] },
    { name: "one", outcome: { ...up, applied: [migration] }, lines: ["1 1 migration applied"] },
    {
      name: "two, and one above the target",
      outcome: { ...up, applied: [migration, migration], left: [migration] },
      lines: ["1 2 migrations applied; 1 version above the target left pending"],
    },
    {
      name: "nothing below the target",
      outcome: { ...up, left: [migration, migration] },
      lines: ["1 nothing to do; 2 versions above the target left pending"],
    },
  ])("$name", ({ outcome, lines }) => {
    expect(ended(outcome)).toEqual([...lines]);
    expect(ended(outcome, { talk: "quiet" })).toEqual([]);
  });

  test("a failure is told on stderr alone, with what was applied before it, quiet or not", () => {
    const outcome: Outcome = {
      ...up,
      applied: [migration],
      problems: [{ code: "interrupted", signal: "SIGINT" }, { code: "no-database" }],
    };
    const lines = ended(outcome);
    expect(lines.slice(0, 6)).toEqual([
      "2 error: Interrupted by SIGINT",
      "2   applied before it: 007_a",
      "2 ",
      "2 hint: what is reported as applied is kept; run the command again for the rest",
      "2 ",
      "2 error: Cannot tell which database is meant: nothing is set",
    ]);
    expect(lines.every((line) => line.startsWith("2 "))).toBe(true);
    expect(ended(outcome, { talk: "quiet" })).toEqual(lines);
  });
});

describe("plan and status", () => {
  const files: Files = {
    "001_a.sql": "select 1",
    "002_b.sql": "-- lacuna: no-transaction\nselect 2",
    "003_new.sql": "select 3",
    "010_d.sql": "select 4",
    "011_e.sql": "select 5",
  };
  const rows: readonly RowSample[] = [
    { version: "1", text: "select 0" },
    { version: "3", name: "old", text: null },
    { version: "4", name: "gone" },
    { version: "10", name: "d", text: "select 4" },
    { version: "12", name: "newer" },
  ];
  const set = setOf(files);
  const adoption = { version: versionOf("1"), from: ["public.m"], migrations: [migration] };

  test("a plan lists what up would do, gaps marked", () => {
    const clean = rows.filter((row) => row.version !== "3");
    const diffed = diff(set, appliedOf(clean));
    const policy = { target: versionOf("10"), checksums: "warn", unknown: "warn" } as const;
    const outcome: Outcome = {
      kind: "plan",
      set,
      digest: "0".repeat(64),
      adoption,
      preview: preview(diffed, policy, parse),
      database: "h:5432/d",
      tracker: defaultTracker,
      problems: [],
    };
    expect(ended(outcome)).toEqual([
      "2 note: 001_a was edited after it was applied",
      "2 note: version 4 (gone) is applied, and its file is gone",
      "2 note: version 12 (newer) is applied and not in this set: a newer image migrated this database",
      "1 adopt  1 version up to 1 from public.m",
      "1 apply  002_b  (gap, no transaction)",
      "1 apply  003_new  (gap)",
      "1 2 migrations to apply, 2 gaps among them; 1 version above the target left pending",
    ]);
  });

  test("a plan that up would refuse says so, and shows what it can", () => {
    const policy = { target: undefined, checksums: "warn", unknown: "warn" } as const;
    const refused = preview(diff(set, appliedOf(rows)), policy, parse);
    const outcome: Outcome = {
      kind: "plan",
      set,
      digest: "",
      adoption: undefined,
      preview: refused,
      database: "h:5432/d",
      tracker: defaultTracker,
      problems: refused.problems,
    };
    const lines = ended(outcome);
    expect(lines.filter((line) => line.startsWith("1 apply"))).toEqual([
      "1 apply  002_b  (gap, no transaction)",
      "1 apply  011_e  (gap)",
    ]);
    expect(lines).toContain("1 `up` would refuse, and apply nothing of this");
    expect(lines).toContain('2 error: Version 3 is applied as "old", but its file is named "new"');
    expect(lines.join("\n")).not.toContain("to apply");
  });

  test("an empty plan says so", () => {
    const empty = { steps: [], left: [], notes: [], problems: [] };
    const outcome: Outcome = {
      kind: "plan",
      set: setOf({}),
      digest: "",
      adoption: undefined,
      preview: empty,
      database: "h:5432/d",
      tracker: defaultTracker,
      problems: [],
    };
    expect(ended(outcome)).toEqual(["1 nothing to do"]);
  });

  test("a status lists every version with its state and time, in columns", () => {
    const outcome: Outcome = {
      kind: "status",
      set,
      digest: "0123456789abcdef",
      diff: diff(set, appliedOf(rows)),
      adoption: undefined,
      tracker: { schema: "ops", table: "T" },
      database: "h:5432/d",
      fingerprint: undefined,
      problems: [],
    };
    const time = "2026-02-14 12:00:00";
    expect(ended(outcome)).toEqual([
      "1 set       5 migrations, digest 0123456789ab",
      '1 database  h:5432/d, tracker ops."T"',
      "1 ",
      "1 VERSION  NAME   STATE                       APPLIED (UTC)",
      `1 001      a      changed                     ${time}`,
      "1 002      b      gap",
      `1 003      new    renamed, adopted (was old)  ${time}`,
      `1 4        gone   missing                     ${time}`,
      `1 010      d      applied                     ${time}`,
      "1 011      e      gap",
      `1 12       newer  ahead                       ${time}`,
      "1 ",
      "1 1 applied, 2 gap, 1 ahead, 1 missing, 1 renamed, 1 changed",
    ]);
  });

  test("a fingerprint is the data, and what it was made of is said beside it", () => {
    const objects = ["a", "b"].map((name) => ({
      kind: "table",
      name: `public.${name}`,
      on: undefined,
      definition: "table",
    }));
    const schema = schemaOf([
      ...objects,
      { kind: "schema", name: "public", on: undefined, definition: "schema" },
    ]);
    const outcome: Outcome = {
      kind: "fingerprint",
      digest: "0123",
      schema,
      grants: false,
      database: "h:5432/d",
      serverVersion: "18.1",
    };
    expect(ended(outcome)).toEqual([
      "1 0123",
      "2 database  h:5432/d, PostgreSQL 18.1",
      "2 schema    3 objects (schema 1, table 2)",
    ]);
    expect(ended(outcome, { talk: "quiet" })).toEqual(["1 0123"]);
  });

  test("a name with a line end makes no row of its own", () => {
    const odd = appliedOf([{ version: "1", name: "a\n2  b\u001b" }]);
    const outcome: Outcome = {
      kind: "status",
      set: setOf({}),
      digest: "",
      diff: diff(setOf({}), odd),
      adoption: undefined,
      tracker: defaultTracker,
      database: "h",
      fingerprint: undefined,
      problems: [],
    };
    expect(ended(outcome).some((line) => /[\n\u001b]/.test(line))).toBe(false);
    expect(ended(outcome)).toContain("1 1        a 2  b\\u001b  ahead  2026-02-14 12:00:00");
  });

  test("a status of nothing says so", () => {
    const outcome: Outcome = {
      kind: "status",
      set: setOf({}),
      digest: "",
      diff: diff(setOf({}), appliedOf([])),
      adoption: undefined,
      tracker: defaultTracker,
      database: "h",
      fingerprint: undefined,
      problems: [],
    };
    expect(ended(outcome).at(-1)).toBe("1 no migrations");
  });

  test("a state says what is behind it", () => {
    const some = setOf({
      "1_a.sql": "-- lacuna: no-transaction\nselect 1; select 2",
      "3_c.sql": "select 3",
    });
    const progress = {
      version: versionOf("1"),
      statement: 1,
      digest: "",
      state: "done",
      invalidBefore: [],
    } as const;
    const diffed = diff(some, appliedOf([{ version: "2", text: "select 3" }]), [progress]);
    const outcome: Outcome = {
      kind: "status",
      set: some,
      digest: "",
      diff: diffed,
      adoption: undefined,
      tracker: defaultTracker,
      database: "h",
      fingerprint: undefined,
      problems: [],
    };
    const text = ended(outcome).join("\n");
    expect(text).toContain("in progress, gap (stopped after statement 1)");
    expect(text).toContain("renumbered (applied as 2)");
  });

  test("a row that the next up takes over says so, and has no time", () => {
    const one = setOf({ "1_a.sql": "" });
    const rowsToCome = appliedOf([{ version: "1", text: null }]);
    const entries = diff(one, rowsToCome).entries.map((entry) =>
      entry.kind === "applied" ? { ...entry, row: { ...entry.row, appliedAt: undefined } } : entry,
    );
    const outcome: Outcome = {
      kind: "status",
      set: one,
      digest: "",
      diff: { entries, orphanedProgress: [] },
      adoption,
      tracker: defaultTracker,
      database: "h",
      fingerprint: undefined,
      problems: [],
    };
    expect(ended(outcome)).toContain("1 1        a     adopted (by the next up)");
  });
});

describe("other ends", () => {
  test.each([
    {
      name: "show gives bytes to stdout and advice to stderr",
      outcome: { kind: "show", bytes: new TextEncoder().encode("a\u001b"), advice: "delete" },
      lines: ["bytes a\u001b", "2 delete"],
    },
    {
      name: "show without advice",
      outcome: { kind: "show", bytes: new Uint8Array(0), advice: undefined },
      lines: ["bytes "],
    },
    {
      name: "new names its files",
      outcome: { kind: "new", paths: ["m/8_a.up.sql", "m/8_a.down.sql"] },
      lines: ["1 m/8_a.up.sql", "1 m/8_a.down.sql"],
    },
    {
      name: "mark says what it did",
      outcome: { kind: "mark", done: ["007_a is marked applied"], problems: [] },
      lines: ["1 007_a is marked applied"],
    },
    {
      name: "a refusal",
      outcome: { kind: "refused", problems: [{ code: "usage", message: "No\u001b", hint: "yes" }] },
      lines: ["2 error: No\\u001b", "2 ", "2 hint: yes"],
    },
    {
      name: "a made executable",
      outcome: {
        kind: "build",
        made: {
          path: "out/m",
          platform: "linux-x64",
          bytes: 138_336_432,
          sha256: "cd",
          proof: "run",
        },
        set: { count: 1, digest: "ab" },
      },
      lines: ["1 out/m  linux-x64  138.3 MB", "1 1 migration inside, set digest ab", "1 sha256 cd"],
    },
    {
      name: "a made executable for another machine",
      outcome: {
        kind: "build",
        made: {
          path: "m.exe",
          platform: "windows-x64",
          bytes: 1_000_000,
          sha256: "cd",
          proof: "read",
        },
        set: undefined,
      },
      lines: [
        "1 m.exe  windows-x64  1.0 MB",
        "1 no migrations inside",
        "1 sha256 cd",
        "1 its bytes were compared; it was not run, on this machine",
      ],
    },
    { name: "a text", outcome: { kind: "text", text: "a\nb\n" }, lines: ["1 a\nb"] },
    {
      name: "a version without migrations",
      outcome: { kind: "version", version: "1.2.3", platform: undefined, embedded: undefined },
      lines: ["1 lacuna 1.2.3", "1 no migrations inside"],
    },
    {
      name: "a version with migrations",
      outcome: {
        kind: "version",
        version: "1.2.3",
        platform: "linux-x64",
        embedded: { count: 2, digest: "ab" },
      },
      lines: ["1 lacuna 1.2.3", "1 2 migrations inside, set digest ab"],
    },
  ] satisfies readonly { name: string; outcome: Outcome; lines: string[] }[])(
    "$name",
    ({ outcome, lines }: { outcome: Outcome; lines: string[] }) => {
      expect(ended(outcome)).toEqual(lines);
    },
  );
});

describe("colours", () => {
  const red = {
    kind: "refused",
    problems: [{ code: "usage", message: "No", hint: "yes" }],
  } as const;
  test("paint the word that says what a line is", () => {
    expect(ended(red, { color: true })).toEqual([
      "2 \u001b[31merror\u001b[0m: No",
      "2 ",
      "2 \u001b[36mhint\u001b[0m: yes",
    ]);
    expect(
      told({ kind: "applied", migration, isGap: false, elapsedMs: 1 }, { color: true }),
    ).toEqual(["1 \u001b[32mapplied\u001b[0m 007_a (1 ms)"]);
  });

  test("are all that colour adds", () => {
    for (const { event } of events) {
      const plain = told(event, { color: true }).map((line) =>
        line.replace(/\u001b\[[0-9]+m/g, ""),
      );
      expect(plain).toEqual(told(event));
    }
  });
});
