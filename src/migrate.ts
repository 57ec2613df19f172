import { apply } from "./apply/apply.ts";
import type { Migration } from "./core/migration.ts";
import { findTarget, plan } from "./core/plan.ts";
import type { Problem } from "./core/problem.ts";
import { prepareTracker } from "./ledger/record.ts";
import { withLock } from "./locked.ts";
import type { UpOutcome } from "./outcome.ts";
import { Refusal, type World } from "./ports.ts";
import { readSet } from "./read-set.ts";
import type { MigrateRequest } from "./request.ts";
import { parseFor, survey } from "./survey.ts";

/**
 * Applies what is pending, lowest version first, gaps included. `up` is this and nothing else;
 * what rehearses or checks a run calls it with another World.
 */
export async function migrate(world: World, request: MigrateRequest): Promise<UpOutcome> {
  const { reporter } = world;
  const set = await readSet(world.source, reporter);
  const target = findTarget(set, request.to);
  if (!target.ok) throw new Refusal(target.problems);
  const policy = { ...request, target: target.value };

  // Notices belong to the migration that runs while they come.
  const running: { migration: Migration | undefined } = { migration: undefined };
  const watching: World = {
    ...world,
    reporter: {
      report(event) {
        if (event.kind === "applying") running.migration = event.migration;
        reporter.report(event);
        if (event.kind === "applied") running.migration = undefined;
      },
    },
  };

  return withLock(watching, request, set, running, async ({ session, facts, lockKey }) => {
    const seen = await survey(session, request.tracker, set, facts, request.newHere);
    const planned = plan(seen.diff, policy, await parseFor(seen.diff, world.parser));
    const problems: Problem[] = [...seen.problems, ...(planned.ok ? [] : planned.problems)];
    if (problems.length > 0 || !planned.ok) throw new Refusal(problems);

    for (const note of planned.value.notes) reporter.report({ kind: "history-note", note });
    await prepareTracker(session, request.tracker, seen.state.facts, seen.adoption);
    if (seen.adoption !== undefined) reporter.report({ kind: "adopted", adoption: seen.adoption });

    const { plan: steps } = planned.value;
    const { role, login } = facts;
    const { tracker, lockRetryForMs } = request;
    const context = { world: watching, session, tracker, lockKey, role, login, lockRetryForMs };
    const result = await apply(steps, context);
    const undone = steps.slice(result.applied.length).map((one) => one.entry.migration);
    const left = [...undone, ...planned.value.left.map((entry) => entry.migration)];
    return { kind: "up", applied: result.applied, left, problems: result.problems };
  });
}
