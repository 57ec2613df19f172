/**
 * The migrations inside the executable: none, when the sources are run as they lie here.
 * `build.ts` puts a module of the same shape in the place of this one, with the manifest as code
 * and all files in one blob, so that nothing else has to know how the tool was started.
 */
interface EmbeddedFile {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

export interface EmbeddedSet {
  readonly blobPath: string;
  readonly files: readonly EmbeddedFile[];
  /** Migrations, not files: a down file is none of its own. */
  readonly count: number;
  readonly digest: string;
}

export const embeddedSet: EmbeddedSet | undefined = undefined;
