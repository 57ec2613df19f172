/** What is made of the definitions takes some things for granted. */
import { describe, expect, test } from "bun:test";
import { commandLine, commandNamed, commandNames } from "../../../src/cli/options.ts";
import { flagsOf } from "../../../src/cli/options/shared.ts";

const { commands } = commandLine;
const flags = commands.flatMap((command) => flagsOf(command));

describe("definitions", () => {
  test("a command is found by the name that it has, and by no other", () => {
    expect(commands.map(({ name }) => name)).toEqual([...commandNames()]);
    for (const command of commands) expect(commandNamed(command.name)).toEqual(command);
    expect(commandNamed("constructor")).toBeUndefined();
  });

  test("names and words can stand unquoted in every shell", () => {
    const values = flags.flatMap(({ values: of }) => (typeof of === "object" ? of : []));
    const first = commands.flatMap((command) => command.firstArgument ?? []);
    const words = [...commands, ...flags].map(({ name }) => name).concat(values, first);
    expect(words.filter((word) => !/^[a-z0-9][a-z0-9-]*$/.test(word))).toEqual([]);
  });

  test("a flag takes the same values in every command", () => {
    const known = new Map(flags.map((flag) => [flag.name, flag.values]));
    for (const { name, value, values } of flags)
      if (value !== undefined) expect([name, values]).toEqual([name, known.get(name)]);
  });

  test("a switch has no values, and no command has a flag twice", () => {
    expect(flags.filter((flag) => flag.value === undefined && "values" in flag)).toEqual([]);
    for (const command of commands) {
      const names = flagsOf(command).map(({ name }) => name);
      expect(names).toEqual([...new Set(names)]);
    }
  });

  test("what a path is called says what it is", () => {
    for (const { value, values } of flags) {
      if (value === "DIR") expect(values).toBe("folder");
      if (value === "FILE") expect(values).toBe("file");
    }
  });
});
