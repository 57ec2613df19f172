/** The version that package.json has; test/tidy.test.ts holds the two together. */
export const productVersion: string = "0.1.0";

/**
 * What pg_stat_activity shows of a runner: product and version, which set it carries, and
 * where it runs. PostgreSQL cuts it to 63 bytes and makes other characters into `?`.
 */
export function applicationNameOf(digest: string | undefined, hostName: string): string {
  // Not known yet while the set is being read.
  const set = digest === undefined ? "" : `${digest.slice(0, 12)} `;
  const text = `lacuna/${productVersion} ${set}${hostName}`;
  return text.replace(/[^\u0020-\u007e]/g, "?").slice(0, 63);
}
