/**
 * What is said of a flag and of a command, once: argv is checked against it, and the help, the man
 * page and the completions of shells are made of it.
 */

export interface Flag {
  readonly name: string;
  /** The value's name in the help; undefined for a switch. */
  readonly value?: string;
  /** What a value can be; undefined where it is free. */
  readonly values?: Values;
  readonly about: string;
}

/** One of these words, or the path of something that is there. */
export type Values = readonly string[] | "file" | "folder";

/** All that can be said to lacuna. */
export interface CommandLine {
  /** What lacuna is for, in a sentence. */
  readonly intent: string;
  readonly commands: readonly Command[];
  /** Flags of every command. */
  readonly commonFlags: readonly Flag[];
  /** Flags that stand in the place of a command. */
  readonly standaloneFlags: readonly Flag[];
}

export interface Command {
  readonly name: string;
  /** Positional arguments: `<NAME>` has to be there, `[NAME]` can be, `[...NAME]` is any number. */
  readonly args: string;
  /** What the first argument can be; undefined where it is free. */
  readonly firstArgument?: readonly string[];
  readonly about: string;
  /** Prose, and rows of a term and what it means, two spaces from the edge and from each other. */
  readonly details?: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly (readonly [string, string])[];
}
