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

export const commands: readonly Command[] = [
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
  newCommand,
  renumber,
  build,
  mark,
  completion,
  man,
];

export const commandLine: CommandLine = {
  intent: `lacuna applies plain SQL migrations to PostgreSQL and tracks them as a set:
a migration that is merged late, below a number that is already applied, still runs.`,
  commands,
  commonFlags,
  standaloneFlags,
};
