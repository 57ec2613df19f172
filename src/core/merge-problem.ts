import type { Place } from "./locate.ts";
import type { Version } from "./version.ts";

/** What a branch does to the history of its base. `base` is the ref, in the words of who asked. */
export type MergeProblem =
  | {
      readonly code: "base-edited";
      readonly path: string;
      readonly place: Place;
      readonly base: string;
      /** What the base calls the file. */
      readonly original: string;
    }
  | {
      readonly code: "base-renamed";
      readonly path: string;
      readonly base: string;
      readonly original: string;
    }
  | { readonly code: "base-deleted"; readonly path: string; readonly base: string }
  | {
      readonly code: "version-taken";
      readonly path: string;
      readonly id: string;
      readonly version: Version;
      /** The file that has it, in the base or beside it in the branch. */
      readonly other: string;
      readonly owner: "base" | "branch";
      readonly base: string;
      /** A version that neither has, as wide as the last one. */
      readonly free: string;
    }
  | {
      readonly code: "new-line-ends";
      readonly path: string;
      readonly place: Place;
      readonly found: "CRLF line ends" | "a byte order mark";
    }
  | {
      readonly code: "check-found";
      readonly findings: number;
      readonly base: string;
    };
