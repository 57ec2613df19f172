import { expect, test } from "bun:test";
import { readRequest } from "../../../src/cli/request.ts";
import type { DriftRequest } from "../../../src/request.ts";
import { codesOf, valueOf } from "../made.ts";

const environment = { DATABASE_URL: "postgres://u:secret@production/d", PGPASSWORD: "other" };

const read = (...argv: readonly string[]): ReturnType<typeof readRequest> =>
  readRequest(["drift", ...argv], {
    environment,
    userName: () => "me",
    readFile: () => undefined,
  });

function requestOf(...argv: readonly string[]): DriftRequest {
  const { request } = valueOf(read(...argv));
  if (request.command !== "drift") throw new Error(request.command);
  return request;
}

test("it looks at the database that status would", () => {
  const request = requestOf();
  expect(request.target).toMatchObject({ hosts: [{ host: "production" }], database: "d" });
  expect(request).toMatchObject({ scratchOn: undefined, roles: [], ignore: [], grants: false });
});

test("the server of the replay gets nothing of it", () => {
  expect(requestOf("--scratch-on", "postgres:///x").scratchOn).toMatchObject({
    hosts: [{ host: "localhost" }],
    user: "me",
    password: undefined,
    database: "x",
  });
});

test("--ignore can be given again", () => {
  const patterns = ["index public.a*", "function public.f(integer, text)"];
  const argv = patterns.flatMap((pattern) => ["--ignore", pattern]);
  expect(requestOf(...argv).ignore).toEqual(patterns);
  expect(requestOf("--ignore", "index *").ignore).toEqual(["index *"]);
  expect(requestOf("--ignore=index *").ignore).toEqual(["index *"]);
});

test.each([
  ["a name alone", ["--ignore", "users"]],
  ["nothing", ["--ignore"]],
  ["nothing, the second time", ["--ignore", "index *", "--ignore"]],
  ["PGlite", ["--scratch-on", "pglite:memory"]],
  ["roles on a server", ["--scratch-on", "postgres://h/d", "--roles", "app"]],
  ["another flag twice", ["--roles", "a", "--roles", "b"]],
])("%s is refused", (_, argv) => {
  expect(codesOf(read(...argv)).length).toBeGreaterThan(0);
});
