import { expect, test } from "bun:test";
import { partsOfName } from "../../src/core/object-name.ts";

test.each([
  ["users", ["users"]],
  ["public.users", ["public", "users"]],
  ["public.users.email", ["public", "users", "email"]],
  ['public."My table"."a.b"', ["public", "My table", "a.b"]],
  ['"say ""hi""".t', ['say "hi"', "t"]],
  ["public.f(integer, app.t)", ["public", "f"]],
  ['public."odd (name)"(integer)', ["public", "odd (name)"]],
])("%s", (name, parts) => {
  expect(partsOfName(name)).toEqual(parts);
});
