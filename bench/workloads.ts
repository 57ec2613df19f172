/** What is measured: which files have been applied before, and which are there then. */
import { beforeGap, bigFile, gapHistory, history, type SqlFile } from "./history.ts";

export const workloadNames = [
  "start",
  "nothing-500",
  "fresh-100",
  "fresh-1000",
  "one-new-1000",
  "big-file",
  "gap",
] as const;

export type WorkloadName = (typeof workloadNames)[number];

export interface Workload {
  readonly name: WorkloadName;
  /** The head of its column. */
  readonly title: string;
  /** Undefined: nothing but a start is measured. */
  readonly files: FileSet | undefined;
  /** What the database has already. */
  readonly applied: FileSet | undefined;
  readonly rounds: number;
  readonly quickRounds: number;
  /** Whether --quick has a run of it through the proxy too. */
  readonly isCountedQuickly: boolean;
}

/** Named, since a tool's layout of it is made once. */
export interface FileSet {
  readonly name: string;
  readonly files: readonly SqlFile[];
}

const history1000: FileSet = { name: "history-1000", files: history(1000) };
const history500: FileSet = { name: "history-500", files: history(500) };

export const workloads: readonly Workload[] = [
  {
    name: "start",
    title: "start",
    files: undefined,
    applied: undefined,
    rounds: 15,
    quickRounds: 7,
    isCountedQuickly: false,
  },
  {
    name: "nothing-500",
    title: "nothing to do, 500 files",
    files: history500,
    applied: history500,
    rounds: 21,
    quickRounds: 5,
    isCountedQuickly: true,
  },
  {
    name: "fresh-100",
    title: "fresh 100",
    files: { name: "history-100", files: history(100) },
    applied: undefined,
    rounds: 5,
    quickRounds: 1,
    isCountedQuickly: true,
  },
  {
    name: "fresh-1000",
    title: "fresh 1,000",
    files: history1000,
    applied: undefined,
    rounds: 7,
    quickRounds: 1,
    isCountedQuickly: false,
  },
  {
    name: "one-new-1000",
    title: "one new on 1,000",
    files: { name: "history-1001", files: history(1001) },
    applied: history1000,
    rounds: 21,
    quickRounds: 3,
    isCountedQuickly: true,
  },
  {
    name: "big-file",
    title: "one 20 MB file",
    files: { name: "big-file", files: bigFile() },
    applied: undefined,
    rounds: 3,
    quickRounds: 1,
    isCountedQuickly: false,
  },
  {
    name: "gap",
    title: "a gap",
    files: { name: "gap", files: gapHistory() },
    applied: { name: "before-gap", files: beforeGap() },
    rounds: 1,
    quickRounds: 1,
    isCountedQuickly: false,
  },
];
