import { describe, expect, test } from "bun:test";
import { readStatusDocument } from "../../src/core/status-document.ts";
import { codesOf, valueOf } from "./made.ts";

const checksum = "a".repeat(64);
const applied = {
  version: "7",
  state: "applied",
  appliedAs: "users",
  appliedAt: "2026-02-14T12:00:00.000Z",
  appliedChecksum: checksum,
};
const document = (fields: object): string =>
  JSON.stringify({ lacuna: 1, command: "status", migrations: [applied], problems: [], ...fields });

test("what is applied is read, and what is pending is not", () => {
  const pending = { version: "8", state: "pending", name: "b", checksum };
  const ahead = { ...applied, version: "0009", state: "ahead" };
  const stopped = { version: "010", state: "in progress", problems: ["in progress", "gap"] };
  const migrations = [applied, pending, ahead, stopped];
  const base = valueOf(readStatusDocument("s", document({ migrations })));
  expect(base).toMatchObject({ label: "s", inPart: new Set(["10"]) });
  expect([...base.applied.values()]).toEqual([
    {
      version: "7",
      name: "users",
      appliedAt: new Date("2026-02-14T12:00:00Z"),
      checksum,
    },
    { version: "9", name: "users", appliedAt: new Date("2026-02-14T12:00:00Z"), checksum },
  ] as never);
});

test("an adopted version has neither time nor checksum", () => {
  const adopted = { ...applied, state: "adopted", appliedAt: null, appliedChecksum: null };
  const base = valueOf(readStatusDocument("s", document({ migrations: [adopted] })));
  const [row] = base.applied.values();
  expect(row).toMatchObject({ name: "users", appliedAt: undefined, checksum: null });
});

test("a contradiction of the set is no matter: it is found again", () => {
  const problems = [{ code: "renamed", title: "it is renamed" }];
  expect(readStatusDocument("s", document({ problems })).ok).toBe(true);
});

describe("what does not tell what is applied is refused", () => {
  test.each([
    ["nothing", ""],
    ["no JSON", "lacuna"],
    ["a list", "[]"],
    ["another command", document({ command: "plan" })],
    ["another format", document({ lacuna: 2 })],
    ["a refusal", JSON.stringify({ lacuna: 1, command: "status", exitCode: 6, problems: [] })],
    ["no version", document({ migrations: [{ ...applied, version: "x" }] })],
    ["no text as version", document({ migrations: [{ ...applied, version: 7 }] })],
    ["no checksum", document({ migrations: [{ ...applied, appliedChecksum: "abc" }] })],
    ["no time", document({ migrations: [{ ...applied, appliedAt: "yesterday" }] })],
    [
      "a name that a terminal would obey",
      document({ migrations: [{ ...applied, appliedAs: "a\nb" }] }),
    ],
    ["no name", document({ migrations: [{ ...applied, appliedAs: null }] })],
    [
      "a take-over that is refused",
      document({ problems: [{ code: "legacy-dirty", title: "schema_migrations is dirty" }] }),
    ],
  ])("%s", (_name, text) => {
    expect(codesOf(readStatusDocument("s", text))).toEqual(["bad-applied-from"]);
  });
});
