/** A control group around a container, which is there when the container has gone. */
import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

export interface MemoryGroup extends Disposable {
  /** Of `podman run`: the container is limited, and swapping does not help it. */
  readonly flags: readonly string[];
  /** What it had at most, in MiB. Pages of files count for whoever read them first. */
  peakMib(): string;
}

const tree = "/sys/fs/cgroup";

export function memoryGroup(limit: string): MemoryGroup {
  const name = `lacuna-containers-${process.pid}`;
  return {
    // conmon, which holds the container's output, would count as well.
    flags: [
      `--memory=${limit}`,
      `--memory-swap=${limit}`,
      "--cgroups=no-conmon",
      `--cgroup-parent=/${name}`,
    ],
    peakMib() {
      // Version 1 has a tree for each resource, version 2 one tree.
      const files = [
        join(tree, "memory", name, "memory.max_usage_in_bytes"),
        join(tree, name, "memory.peak"),
      ];
      const file = files.find((path) => existsSync(path));
      if (file === undefined) return "an unknown number of";
      return (Number(readFileSync(file, "utf8")) / 2 ** 20).toFixed(1);
    },
    [Symbol.dispose]() {
      const folders = [tree, ...foldersIn(tree)];
      for (const folder of folders.map((one) => join(one, name))) remove(folder);
    },
  };
}

/** A group holds files that cannot be removed, and goes with them. */
function remove(group: string): void {
  if (!existsSync(group)) return;
  for (const inner of foldersIn(group)) remove(inner);
  rmdirSync(group);
}

function foldersIn(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name));
}
