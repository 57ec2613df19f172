import { expect, test } from "bun:test";
import { findPassword } from "../../../src/cli/password-file.ts";
import type { ServerTarget } from "../../../src/core/target.ts";

function targetOf(hosts: ServerTarget["hosts"]): ServerTarget {
  return {
    engine: "server",
    hosts,
    user: "u",
    password: undefined,
    database: "d",
    tls: { mode: "prefer", rootCertificate: undefined, certificate: undefined, key: undefined },
    sessionAttributes: "any",
    options: undefined,
    applicationName: undefined,
  };
}

const target = targetOf([{ host: "h", port: 5432 }]);

test.each([
  { name: "all fields", text: "h:5432:d:u:p", password: "p" },
  { name: "stars", text: "*:*:*:*:p", password: "p" },
  { name: "the first line that fits", text: "x:*:*:*:a\nh:*:*:*:b\n*:*:*:*:c", password: "b" },
  { name: "line ends of Windows", text: "h:5432:d:u:p\r\n", password: "p" },
  { name: "a comment and an empty line", text: "# h:5432:d:u:a\n\nh:5432:d:u:p\n", password: "p" },
  { name: "an escaped colon and backslash", text: "h:5432:d:u:a\\:b\\\\c", password: "a:b\\c" },
  { name: "escapes in other fields", text: "\\h:5432:\\d:u:p", password: "p" },
  { name: "a password with blanks and stars", text: "h:5432:d:u: * ", password: " * " },
  { name: "a password with a number sign", text: "h:5432:d:u:#p", password: "#p" },
  { name: "another host", text: "x:5432:d:u:p", password: undefined },
  { name: "another port", text: "h:5433:d:u:p", password: undefined },
  { name: "another database", text: "h:5432:e:u:p", password: undefined },
  { name: "another user", text: "h:5432:d:v:p", password: undefined },
  { name: "a star that is a part of a name", text: "h*:5432:d:u:p", password: undefined },
  { name: "too few fields", text: "h:5432:d\n", password: undefined },
  { name: "an empty file", text: "", password: undefined },
])("a password file with $name", ({ text, password }) => {
  expect(findPassword(text, target)).toBe(password);
});

test.each([
  {
    name: "a socket's folder is called localhost",
    text: "localhost:5432:d:u:p",
    hosts: [{ host: "/var/run/postgresql", port: 5432 }],
    password: "p",
  },
  {
    name: "a folder of one's own may be named",
    text: "/srv/pg:5432:d:u:p",
    hosts: [{ host: "/srv/pg", port: 5432 }],
    password: "p",
  },
  {
    name: "any of several hosts fits",
    text: "b:6000:d:u:p",
    hosts: [
      { host: "a", port: 5432 },
      { host: "b", port: 6000 },
    ],
    password: "p",
  },
  {
    name: "a host does not fit with the port of another",
    text: "b:5432:d:u:p",
    hosts: [
      { host: "a", port: 5432 },
      { host: "b", port: 6000 },
    ],
    password: undefined,
  },
])("$name", ({ text, hosts, password }) => {
  expect(findPassword(text, targetOf(hosts))).toBe(password);
});
