/** Git repositories that go away with their scope. The same files give the same commits. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./run.ts";

export type Texts = Readonly<Record<string, string | Uint8Array | null>>;

export interface TestRepository extends Disposable {
  /** A folder around the repository, for clones of it. */
  readonly around: string;
  readonly path: string;
  /** Writes files, and removes those that are null. */
  write(files: Texts): void;
  git(...args: readonly string[]): string;
  /** A bare clone; what it is named by in GIT_DIR. */
  bare(): string;
  /** Writes files and commits everything. */
  commit(files: Texts, message?: string): void;
}

/** Nobody's own settings, and nothing that changes with the day. */
export const gitEnvironment: Record<string, string> = {
  ...(Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")),
  ) as Record<string, string>),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "A. Author",
  GIT_AUTHOR_EMAIL: "author@example.com",
  GIT_AUTHOR_DATE: "2026-01-01T00:00:00Z",
  GIT_COMMITTER_NAME: "A. Author",
  GIT_COMMITTER_EMAIL: "author@example.com",
  GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z",
};

export function repositoryOf(files: Texts, ...flags: readonly string[]): TestRepository {
  const around = realpathSync(mkdtempSync(join(tmpdir(), "lacuna-git-")));
  const path = join(around, "repository");
  const git: TestRepository["git"] = (...args) =>
    run("git", ["-C", path, ...args], { env: gitEnvironment });
  const write: TestRepository["write"] = (texts) => {
    for (const [name, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      if (text === null) rmSync(join(path, name));
      else writeFileSync(join(path, name), text);
    }
  };
  const commit: TestRepository["commit"] = (texts, message = "files") => {
    write(texts);
    git("add", "--all");
    git("commit", "--quiet", "--allow-empty", "-m", message);
  };
  mkdirSync(path);
  git("-c", "init.defaultBranch=main", "init", "--quiet", ...flags);
  commit(files);
  return {
    around,
    path,
    write,
    git,
    commit,
    bare() {
      const clone = join(around, "bare.git");
      git("clone", "--quiet", "--bare", ".", clone);
      return clone;
    },
    [Symbol.dispose]() {
      rmSync(around, { recursive: true, force: true });
    },
  };
}
