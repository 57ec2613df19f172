/** The commands, in the order of the help. */
import { build } from "./options/build.ts";
import { check } from "./options/check.ts";
import { completion } from "./options/completion.ts";
import type { Command, CommandLine } from "./options/definition.ts";
import { drift } from "./options/drift.ts";
import { fingerprint } from "./options/fingerprint.ts";
import { man } from "./options/man.ts";
import { mark } from "./options/mark.ts";
import { newCommand } from "./options/new.ts";
import { plan } from "./options/plan.ts";
import { renumber } from "./options/renumber.ts";
import { serve } from "./options/serve.ts";
import { commonFlags, standaloneFlags } from "./options/shared.ts";
import { show } from "./options/show.ts";
import { smoke } from "./options/smoke.ts";
import { status } from "./options/status.ts";
import { up } from "./options/up.ts";
import { verify } from "./options/verify.ts";
import { wait } from "./options/wait.ts";

/** By name. Each is made when it is asked for: a run needs one of them. */
const definitions: Readonly<Record<string, () => Command>> = {
  up,
  verify,
  check,
  plan,
  status,
  fingerprint,
  drift,
  smoke,
  wait,
  serve,
  show,
  new: newCommand,
  renumber,
  build,
  mark,
  completion,
  man,
};

export function commandNames(): readonly string[] {
  return Object.keys(definitions);
}

export function commandNamed(name: string): Command | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name]?.() : undefined;
}

export const commandLine: CommandLine = {
  intent: `lacuna applies plain SQL migrations to PostgreSQL and tracks them as a set:
a migration that is merged late, below a number that is already applied, still runs.`,
  get commands() {
    return Object.values(definitions).map((define) => define());
  },
  commonFlags,
  standaloneFlags,
};
