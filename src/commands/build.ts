import { setDigest } from "../core/digest.ts";
import { scan } from "../core/scan.ts";
import type { BuildOutcome } from "../outcome.ts";
import { type Maker, Refusal, type Reporter, type Source } from "../ports.ts";
import type { BuildRequest } from "../request.ts";

/** Makes an executable with the folder's migrations inside. */
export async function build(
  source: Source,
  maker: Maker,
  reporter: Reporter,
  { folder, out, platform, runtime }: BuildRequest,
): Promise<BuildOutcome> {
  // Read once: what is checked is what is embedded, whatever happens to the folder meanwhile.
  const files = await source.list();
  const scanned = scan(files);
  if (!scanned.ok) throw new Refusal(scanned.problems);
  for (const note of scanned.value.notes) reporter.report({ kind: "file-note", note });
  const { size: count } = scanned.value.set;
  if (count === 0) throw new Refusal([{ code: "nothing-to-embed", folder }]);
  const set = { count, digest: setDigest(scanned.value.set) };
  return { kind: "build", set, made: await maker.make({ out, files, set, platform, runtime }) };
}
