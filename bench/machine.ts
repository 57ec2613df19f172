/** What figures were taken on. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { median } from "./figures.ts";
import { versionSaid } from "./tool.ts";

export interface Machine {
  readonly system: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGib: number;
  readonly postgres: string;
  readonly node: string;
  /** What a commit waits for: 8 KiB written and synced, beside the server's WAL. */
  readonly fdatasyncUs: number;
  readonly loadAtStart: number;
}

export function machine(server: {
  readonly version: string;
  readonly dataDirectory: string;
}): Machine {
  const processors = cpus();
  const node = Bun.which("node");
  return {
    system: `${type()} ${release()}`,
    cores: processors.length,
    processor: processors[0]?.model ?? "unknown",
    memoryGib: Math.round(totalmem() / 2 ** 30),
    postgres: server.version,
    node: node === null ? "" : versionSaid(node, "--version"),
    fdatasyncUs: Math.round(fdatasyncUs(server.dataDirectory)),
    loadAtStart: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

function fdatasyncUs(folder: string): number {
  const path = join(folder, "pg_wal/fdatasync-probe");
  const file = openSync(path, "w");
  const block = Buffer.alloc(8192, 1);
  try {
    // As in a WAL segment, the blocks are there already.
    for (let index = 0; index < 200; index++) writeSync(file, block);
    fdatasyncSync(file);
    const took = Array.from({ length: 200 }, (_, index) => {
      writeSync(file, block, 0, block.length, index * block.length);
      const startMs = performance.now();
      fdatasyncSync(file);
      return (performance.now() - startMs) * 1000;
    });
    return median(took);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

export function describe(found: Machine): string {
  const { cores, memoryGib, system, processor, postgres, node, fdatasyncUs: sync } = found;
  return (
    `PostgreSQL ${postgres} on loopback without TLS, fsync and synchronous_commit on, its WAL on a disk; ${cores} cores (${processor}), ` +
    `${memoryGib} GiB, ${system}, Node ${node}; fdatasync of 8 KiB takes ${sync} µs; load ${found.loadAtStart} at the start`
  );
}
