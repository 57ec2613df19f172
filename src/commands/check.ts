/** The gate of a merge: what a branch adds to its base is judged as it will be merged. */
import { faultsOfAdded } from "../core/added.ts";
import { type Merged, merge } from "../core/merge.ts";
import type { MigrationSet, SourceFile } from "../core/migration.ts";
import { baseOfMigrations } from "../core/order.ts";
import type { Problem } from "../core/problem.ts";
import { isUpFile, scan } from "../core/scan.ts";
import type { CheckOutcome, VerifyOutcome } from "../outcome.ts";
import { Refusal, type Repository, type Source } from "../ports.ts";
import type { CheckRequest } from "../request.ts";
import { verify, type VerifyWorld } from "./verify.ts";

export interface CheckWorld extends Omit<VerifyWorld, "source"> {
  readonly repository: Repository;
  /** What messages call the folder of the migrations. */
  readonly folder: string;
}

export async function check(world: CheckWorld, request: CheckRequest): Promise<CheckOutcome> {
  const { repository, folder, reporter } = world;
  const { base: label } = request;
  const head = headOf(repository, request);
  const [base, ours, ancestor] = await readThree(repository, request);
  if (base.length + ours.length + ancestor.length === 0) {
    const reason = `"${folder}" has no files, neither in ${label} nor in ${head}`;
    throw new Refusal([{ code: "no-migrations", folder, reason }]);
  }
  const merged = merge({ label, base, head: ours, ancestor });
  const { added } = merged;
  // The parser is only loaded where there is something to read.
  const faults = added.length === 0 ? [] : faultsOfAdded(added, await world.parser.load());
  const findings = [...merged.findings, ...faults];
  for (const problem of findings) reporter.report({ kind: "finding", problem });

  const plan = whatToRehearse(merged, faults);
  const rehearsed = plan.set && (await rehearse(world, request, merged, plan.set));
  return {
    kind: "check",
    base: label,
    head,
    counts: { base: base.filter(isUpFile).length, added: added.filter(isUpFile).length },
    findings,
    verify: rehearsed,
    notRehearsed: plan.reason,
    problems: problemsOf(findings, plan.problems, rehearsed, label),
  };
}

type Files = readonly SourceFile[];

function headOf({ hasWorkingTree }: Repository, { head }: CheckRequest): string {
  return head ?? (hasWorkingTree ? "the working tree" : "HEAD");
}

async function readThree(
  repository: Repository,
  { base, head }: CheckRequest,
): Promise<readonly [base: Files, head: Files, ancestor: Files]> {
  const baseCommit = await repository.commit(base);
  const headCommit = await repository.commit(head ?? "HEAD");
  const ancestor = await repository.mergeBase(baseCommit, headCommit);
  if (ancestor === undefined) {
    const history = (await repository.isShallow()) ? "shallow" : "whole";
    throw new Refusal([{ code: "no-merge-base", base, head: head ?? "HEAD", history }]);
  }
  const isCommitted = head !== undefined || !repository.hasWorkingTree;
  return [
    await repository.filesOf(baseCommit),
    isCommitted ? await repository.filesOf(headCommit) : await repository.filesHere(),
    await repository.filesOf(ancestor),
  ];
}

/** What of the merge can be run; or why nothing is, and what is wrong with the base itself. */
interface RehearsalPlan {
  readonly set: MigrationSet | undefined;
  readonly reason: string | undefined;
  readonly problems: readonly Problem[];
}

function whatToRehearse(merged: Merged, faults: readonly Problem[]): RehearsalPlan {
  const nothing = (reason: string, problems: readonly Problem[] = []): RehearsalPlan => ({
    set: undefined,
    reason,
    problems,
  });
  if (merged.findings.some((one) => one.code === "version-taken"))
    return nothing("two migrations have one version");
  if (faults.length > 0) return nothing("what is added cannot be read");
  if (!merged.added.some(isUpFile)) return nothing("no migration is added");
  const scanned = scan(merged.files);
  return scanned.ok
    ? { set: scanned.value.set, reason: undefined, problems: [] }
    : nothing("the base cannot be read", scanned.problems);
}

/** What the base has is applied, in numeric order, as every database that follows it has it. */
function rehearse(
  world: CheckWorld,
  request: CheckRequest,
  { files, added }: Merged,
  set: MigrationSet,
): Promise<VerifyOutcome> {
  const source: Source = { folder: world.folder, list: () => Promise.resolve(files) };
  const fresh = new Set(added.map((file) => file.path));
  const theirs = [...set.values()].filter(({ up }) => !fresh.has(up.path));
  return verify({ ...world, source }, request, baseOfMigrations(request.base, theirs));
}

/** What kept it from judging stands first: it decides about the exit code. */
function problemsOf(
  findings: readonly Problem[],
  obstacles: readonly Problem[],
  rehearsed: VerifyOutcome | undefined,
  base: string,
): readonly Problem[] {
  const found = new Set<Problem["code"]>(["verify-found", "order-found"]);
  const [told, others] = [true, false].map((isTold) =>
    (rehearsed?.problems ?? []).filter((one) => found.has(one.code) === isTold),
  );
  return [
    ...obstacles,
    ...(others ?? []),
    ...(findings.length === 0
      ? []
      : [{ code: "check-found" as const, findings: findings.length, base }]),
    ...(told ?? []),
  ];
}
