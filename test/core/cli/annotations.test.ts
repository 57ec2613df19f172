import { expect, test } from "bun:test";
import { annotations } from "../../../src/cli/annotations.ts";

test("a name and a message cannot command the terminal that shows the log", () => {
  const problem = {
    code: "cannot-write",
    path: "m/1_\u202ea.sql",
    message: "\u001b[2J\u009b2J",
  } as const;
  const [line = ""] = annotations({ kind: "refused", problems: [problem] }, (path) => path);
  expect(line).toStartWith("::error file=m/1_\\u202ea.sql,title=lacuna::");
  expect(line).toContain("\\u001b[2J\\u009b2J");
});
