import { highestVersion } from "../core/scan.ts";
import { nextVersion, parseVersion } from "../core/version.ts";
import type { Outcome } from "../outcome.ts";
import { type Clock, type Folder, Refusal, type Reporter, type Source } from "../ports.ts";
import { readSet } from "../read-set.ts";
import type { NewRequest } from "../request.ts";

/** Writes the next version's up and down file. */
export async function newCommand(
  source: Source,
  folder: Folder,
  clock: Clock,
  reporter: Reporter,
  request: NewRequest,
): Promise<Outcome> {
  const name = request.name.trim().replace(/[\s-]+/g, "_");
  if (
    !/^[^\u0000-\u001f\u007f/\\.][^\u0000-\u001f\u007f/\\]*$/.test(name) ||
    /\.(?:up|down|sql)$/i.test(name)
  ) {
    const message = `Cannot name a migration "${request.name}"`;
    throw new Refusal([{ code: "usage", message, hint: "for example: lacuna new add_users" }]);
  }
  const present = await source.list();
  // An empty folder is what it is there for, and no reason for a note.
  const set = present.length === 0 ? new Map() : await readSet(source, reporter);
  const version =
    request.numbering === "timestamp" ? timestamp(clock) : nextNumber(highestVersion(present));
  const files = [
    { name: `${version}_${name}.up.sql`, text: "" },
    { name: `${version}_${name}.down.sql`, text: "" },
  ];
  const existing = parseVersion(version);
  if (existing !== undefined && set.has(existing)) {
    throw new Refusal([
      {
        code: "usage",
        message: `Version ${version} exists already`,
        hint: "try again in a second",
      },
    ]);
  }
  return { kind: "new", paths: folder.create(files) };
}

/** As wide as the last one: 007 is followed by 008. */
function nextNumber(last: ReturnType<typeof highestVersion>): string {
  return last === undefined ? "001" : nextVersion(last.version).padStart(last.digits, "0");
}

/** 20260131235959, in UTC. */
function timestamp(clock: Clock): string {
  return new Date(clock.nowMs())
    .toISOString()
    .replace(/[^0-9]/g, "")
    .slice(0, 14);
}
