/** Which files get which names when a migration gets another version. */
import { highestVersion, type NamedFile, parseName } from "./scan.ts";
import type { SourceFile } from "./migration.ts";
import { type Result, refuse, succeed } from "./result.ts";
import { nextVersion, parseVersion, type Version } from "./version.ts";

export interface Renumbering {
  readonly was: Version;
  readonly version: Version;
  /** The up file, and the down file where there is one. */
  readonly renames: readonly Rename[];
  /** Whether another migration keeps the old version: then it is no number that went away. */
  readonly isKeptByAnother: boolean;
}

interface Rename {
  readonly from: SourceFile;
  /** Its name inside the folder. */
  readonly to: string;
}

/** Why a migration does not get another version. */
export type RenumberFault =
  | { readonly kind: "absent" }
  | { readonly kind: "several"; readonly ids: readonly string[] }
  | { readonly kind: "two up files"; readonly paths: readonly string[] }
  | { readonly kind: "no version" }
  | { readonly kind: "same version" }
  | { readonly kind: "taken"; readonly path: string };

/**
 * @param old A version, or a file's name without its endings: two files with one version are what
 * this is for, so the files need not be a set.
 * @param wanted The next free version where it is undefined.
 */
export function renumber(
  files: readonly SourceFile[],
  old: string,
  wanted: string | undefined,
): Result<Renumbering> {
  const fault = (why: RenumberFault): Result<never> =>
    refuse({ code: "not-renumbered", old, wanted, why });
  const named = files.flatMap((file) => parseName(file) ?? []);
  const found = meant(named, old);
  const [up] = found;
  if (up === undefined) return fault({ kind: "absent" });
  const ids = [...new Set(found.map((one) => one.id))];
  if (ids.length > 1) return fault({ kind: "several", ids });
  const paths = found.map((one) => one.file.path);
  if (paths.length > 1) return fault({ kind: "two up files", paths });

  const highest = highestVersion(files) ?? { version: up.version, digits: 0 };
  const version = wanted === undefined ? nextVersion(highest.version) : parseVersion(wanted);
  if (version === undefined) return fault({ kind: "no version" });
  if (version === up.version) return fault({ kind: "same version" });
  const taken = named.find((one) => one.version === version);
  if (taken !== undefined) return fault({ kind: "taken", path: taken.file.path });

  // As wide as it was; the next free one is as wide as the last one too.
  const width = up.id.length - up.name.length - 1;
  const digits = wanted === undefined ? Math.max(width, highest.digits) : width;
  const number = (wanted ?? version).padStart(digits, "0");
  return succeed({
    was: up.version,
    version,
    renames: [up, ...downsOf(named, up)].map(({ file, id, name }) => ({
      from: file,
      to: `${number}_${name}${file.name.slice(id.length)}`,
    })),
    isKeptByAnother: named.some((one) => one.version === up.version && one.name !== up.name),
  });
}

/** The up files that somebody means by a version or an id. */
function meant(named: readonly NamedFile[], old: string): readonly NamedFile[] {
  const ups = named.filter((one) => one.direction === "up");
  const exact = ups.filter((one) => one.id === old);
  if (exact.length > 0) return exact;
  const [, digits = old, name] = /^([0-9]+)_(.*)$/s.exec(old) ?? [];
  const version = parseVersion(digits);
  return ups.filter((one) => one.version === version && (name === undefined || one.name === name));
}

/** As scan() pairs them, unless another spelling of the version has the same name. */
function downsOf(named: readonly NamedFile[], up: NamedFile): readonly NamedFile[] {
  const same = named.filter((one) => one.version === up.version && one.name === up.name);
  const isAlone = same.every((one) => one.direction === "down" || one === up);
  return same.filter((one) => one.direction === "down" && (isAlone || one.id === up.id));
}
