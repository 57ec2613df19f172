/** Folders of migrations on disk that go away with their scope. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Folder extends Disposable {
  readonly path: string;
  write(files: Readonly<Record<string, string>>): void;
}

export function folderOf(files: Readonly<Record<string, string>>): Folder {
  const path = mkdtempSync(join(tmpdir(), "lacuna-folder-"));
  const write: Folder["write"] = (more) => {
    for (const [name, text] of Object.entries(more)) writeFileSync(join(path, name), text);
  };
  write(files);
  return {
    path,
    write,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}
