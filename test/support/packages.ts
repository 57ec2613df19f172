/** Debian's packages that a suite needs. */
import { spawnSync } from "node:child_process";

const install = ["install", "--yes", "--no-install-recommends"];

/**
 * Undefined where they are there; else why not, for who skips. Root's machine is installed upon in
 * CI alone: elsewhere that is for who works there, who is told how.
 */
export function whyNotThere(
  packages: readonly string[],
  isThere: () => boolean,
): string | undefined {
  if (isThere()) return undefined;
  const isCi = !["", "false"].includes(process.env["CI"] ?? "");
  if (!isCi || process.getuid?.() !== 0 || Bun.which("apt-get") === null)
    return `not installed; on Debian: apt-get ${[...install, ...packages].join(" ")}`;
  // One of its sources may be away, and what is wanted may be there.
  aptGet(["update"]);
  const failure = aptGet([...install, ...packages]);
  if (failure !== undefined) return `apt-get cannot install ${packages.join(", ")}: ${failure}`;
  return isThere() ? undefined : `not in ${packages.join(", ")}`;
}

/** What it says last where it fails. */
function aptGet(argv: readonly string[]): string | undefined {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { env, encoding: "utf8", timeout: 300_000 } as const;
  const { status, stderr, error } = spawnSync("apt-get", argv, options);
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split("\n").at(-1);
}
