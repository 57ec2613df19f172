import { expect, test } from "bun:test";
import { resetSql, roleInOptions } from "../../src/core/privileges.ts";

test.each([
  [undefined, undefined],
  ["-c role=app", "app"],
  ["-crole=app", "app"],
  ["--role=app", "app"],
  ["-c search_path=a -c role=one -c role=two", "two"],
  ["-c role=my\\ app", "my app"],
  ["-c role=a\\\\b", "a\\b"],
  ["-c rolex=app", undefined],
  ["role=app", undefined],
])("the role of the options %j", (options, role) => {
  expect(roleInOptions(options)).toBe(role);
});

test.each([
  ["database", 'alter database "d" reset x;'],
  ["user", 'alter role "a""b" reset x;'],
  ["database user", 'alter role "a""b" in database "d" reset x;'],
  ["global", "alter role all reset x;"],
  ["configuration file", undefined],
  ["client", undefined],
])("a setting that the %s sets is taken back by", (source, sql) => {
  expect(resetSql("x", { source, login: 'a"b', database: "d" })).toBe(sql);
});
