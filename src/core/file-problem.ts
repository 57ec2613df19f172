import type { DirectiveFault } from "./directives.ts";
import type { Place } from "./locate.ts";
import type { OpenToken } from "./tokens.ts";
import type { RefusedReason } from "./statements.ts";
import type { Version } from "./version.ts";

/** What is wrong with the files, before any database is asked. */
export type FileProblem =
  | { readonly code: "bad-name"; readonly path: string; readonly reason: "pattern" | "not a file" }
  | { readonly code: "duplicate"; readonly version: Version; readonly paths: readonly string[] }
  | { readonly code: "too-large"; readonly path: string; readonly bytes: number }
  | {
      readonly code: "not-text";
      readonly path: string;
      readonly found: "a NUL byte" | "bytes that are not UTF-8";
    }
  | {
      readonly code: "open-quote";
      readonly path: string;
      readonly place: Place;
      readonly what: OpenToken;
    }
  | {
      readonly code: "bad-directive";
      readonly path: string;
      readonly place: Place;
      readonly directive: string;
      readonly fault: DirectiveFault;
    }
  | {
      readonly code: "refused-statement";
      readonly path: string;
      readonly place: Place;
      readonly reason: RefusedReason;
      readonly what: string;
    }
  | {
      readonly code: "needs-no-transaction";
      readonly path: string;
      readonly place: Place;
      readonly what: string;
    }
  | {
      readonly code: "not-resumable";
      readonly path: string;
      readonly place: Place;
      readonly what: string;
    };
