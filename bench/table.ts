/** A run as a Markdown table: a row a tool, a column a workload. */
import type { Cell } from "./figures.ts";

export interface TableRow {
  readonly title: string;
  readonly cells: readonly (Cell | undefined)[];
}

export function table(heads: readonly string[], rows: readonly TableRow[]): string {
  const lines = [
    ["tool", ...heads],
    ["---", ...heads.map(() => "---")],
    ...rows.map(({ title, cells }) => [title, ...cells.map(cellText)]),
  ];
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) => {
      const padded = line.map((text, column) =>
        text.padEnd(widths?.[column] ?? 0, text === "---" ? "-" : " "),
      );
      return `| ${padded.join(" | ")} |\n`;
    })
    .join("");
}

/** Time, CPU time of the client, its memory, and round trips: in all, and behind the log-in. */
function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return "–";
  switch (cell.kind) {
    case "gap":
      return cell.outcome;
    case "failed":
      return "failed";
    case "measured": {
      const parts = [
        milliseconds(cell.wallMs.median),
        milliseconds(cell.cpuMs.median),
        `${Math.round(cell.peakMib.median)}`,
      ];
      if (cell.roundTrips !== undefined) {
        parts.push(`${cell.roundTrips.all} (${cell.roundTrips.afterLogin})`);
      }
      return parts.join(" / ");
    }
  }
}

export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return value >= 10 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}
