/**
 * What is inside the executable: nothing, when the sources are run as they lie here. In an
 * executable another module of the same shape stands in the place of this one
 * (adapters/executable.ts writes it), so that nothing else has to know how the tool was started.
 */
import type { Platform } from "../core/platform.ts";
import type { FixedPart } from "./executable.ts";

export interface Inside {
  /** What it was made for. */
  readonly platform: Platform;
  /** Known without reading the files. Undefined: no migrations are inside. */
  readonly set: SetSummary | undefined;
  /** SHA-256 of `migrations.pack`: only while it is that, the checksums in it are those of its files. */
  readonly packSha256: string | undefined;
  /** The path of each part. It can be read whole, and not opened (Bun 1.4.5). */
  readonly parts: Readonly<Record<FixedPart, string>> & { readonly "migrations.pack"?: string };
}

interface SetSummary {
  /** Migrations, not files: a down file is none of its own. */
  readonly count: number;
  readonly digest: string;
}

export const inside: Inside | undefined = undefined;
