/** What lacuna's speed has to be, as ratios within one run. */
import type { Suite } from "../test/support/suite.ts";
import type { Cell, Measured } from "./figures.ts";
import { milliseconds } from "./table.ts";
import type { LeftOut } from "./tool.ts";
import type { WorkloadName } from "./workloads.ts";

export interface Results {
  readonly cell: (tool: string, workload: WorkloadName) => Cell | undefined;
  readonly leftOut: readonly LeftOut[];
}

interface Ratio {
  readonly workload: WorkloadName;
  readonly title: string;
  readonly other: string;
  readonly atMost: number;
  /** Who says something of its kind where it is left out. */
  readonly standIn?: string;
}

const ratios: readonly Ratio[] = [
  { workload: "fresh-1000", title: "fresh 1,000", other: "dbmate", atMost: 0.5 },
  {
    workload: "fresh-1000",
    title: "fresh 1,000",
    other: "goose",
    atMost: 0.6,
    // In Go as well, and within a tenth of its time where both were measured in one run.
    standIn: "sql-migrate",
  },
  {
    workload: "fresh-1000",
    title: "fresh 1,000",
    other: "floor-pipelined-asynchronous",
    atMost: 1.4,
  },
  { workload: "nothing-500", title: "nothing to do on 500", other: "dbmate", atMost: 1 },
  { workload: "one-new-1000", title: "one new on 1,000", other: "dbmate", atMost: 1 },
  { workload: "big-file", title: "20 MB", other: "psql", atMost: 1.15 },
];
const roundTripsWithNothing = 3;
const bigFilePeakMib = 160;

export async function checkDemands(results: Results, { check, skip }: Suite): Promise<void> {
  const own = (workload: WorkloadName): Measured | undefined =>
    measuredOf(results.cell("lacuna", workload));
  // What lacuna did not manage to do is not fast.
  const absent = async (workload: WorkloadName, name: string): Promise<void> => {
    const reason = whyNot(results, "lacuna", workload);
    if (results.cell("lacuna", workload) === undefined) skip(name, reason);
    else await check(name, () => Promise.reject(new Error(reason)));
  };
  for (const { workload, title, other, atMost, standIn = "" } of ratios) {
    const name = `${title}: at most ${atMost} times ${other}`;
    const [ours, theirs] = [own(workload), measuredOf(results.cell(other, workload))];
    if (ours === undefined) await absent(workload, name);
    else if (theirs === undefined) {
      const instead = measuredOf(results.cell(standIn, workload));
      const said = instead === undefined ? "" : `; ${ratioText(ours, instead)}, ${standIn}`;
      skip(name, whyNot(results, other, workload) + said);
    } else {
      await check(name, () =>
        demandAtMost(ours.wallMs.median / theirs.wallMs.median, atMost, ratioText(ours, theirs)),
      );
    }
  }
  const nothing = own("nothing-500")?.roundTrips?.afterLogin;
  const roundTrips = `nothing to do on 500: at most ${roundTripsWithNothing} round trips behind the log-in`;
  if (nothing === undefined) await absent("nothing-500", roundTrips);
  else await check(roundTrips, () => demandAtMost(nothing, roundTripsWithNothing, `${nothing}`));
  const peak = own("big-file")?.peakMib.max;
  const memory = `20 MB: at most ${bigFilePeakMib} MiB of memory`;
  if (peak === undefined) await absent("big-file", memory);
  else await check(memory, () => demandAtMost(peak, bigFilePeakMib, `${Math.round(peak)} MiB`));
}

function ratioText(ours: Measured, theirs: Measured): string {
  const [took, against] = [ours.wallMs.median, theirs.wallMs.median];
  return `${(took / against).toFixed(2)} times: ${milliseconds(took)} to ${milliseconds(against)}`;
}

function demandAtMost(found: number, limit: number, said: string): string {
  if (found > limit) throw new Error(said);
  return said;
}

function measuredOf(cell: Cell | undefined): Measured | undefined {
  return cell?.kind === "measured" ? cell : undefined;
}

function whyNot(results: Results, tool: string, workload: WorkloadName): string {
  const cell = results.cell(tool, workload);
  if (cell?.kind === "failed") return `${tool} failed`;
  const reason = results.leftOut.find(({ name }) => tool.startsWith(name))?.reason;
  return reason === undefined ? `${tool} was not measured` : `${tool}: ${reason}`;
}
