/** What is said of a flag and of a command, once: cac reads it, and the help is made of it. */

export interface Flag {
  readonly name: string;
  /** The value's name in the help; undefined for a switch. */
  readonly value?: string;
  readonly about: string;
}

export interface Command {
  readonly name: string;
  /** Positional arguments, in cac's notation. */
  readonly args: string;
  readonly about: string;
  readonly details?: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly (readonly [string, string])[];
}
