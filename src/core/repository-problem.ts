/** What keeps lacuna from reading a git repository. */
export type RepositoryProblem =
  | { readonly code: "no-git" }
  | { readonly code: "no-repository"; readonly folder: string }
  | { readonly code: "outside-repository"; readonly folder: string; readonly root: string }
  /** Git reads no repository of another owner unless it is told to; `command` is its own advice. */
  | { readonly code: "not-trusted"; readonly message: string; readonly command: string | undefined }
  | {
      readonly code: "no-such-ref";
      readonly ref: string;
      /** Where the ref would come from, if it is a branch of a remote. */
      readonly fetch: { readonly remote: string; readonly branch: string } | undefined;
      /** A branch of a remote with this name. */
      readonly instead: string | undefined;
    }
  | {
      readonly code: "no-merge-base";
      readonly base: string;
      readonly head: string;
      readonly history: "shallow" | "whole";
    }
  | { readonly code: "git-failed"; readonly command: string; readonly message: string };
