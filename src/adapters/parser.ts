import type { Parse } from "../core/script.ts";
import type { ParseNode } from "../core/parse-node.ts";
import { type Parser, Refusal } from "../ports.ts";

/** PostgreSQL's own grammar (version 18), compiled to WebAssembly: libpg-query. */
export const postgresParser: Parser = {
  async load(): Promise<Parse> {
    // It compiles 1.7 MB of WebAssembly when it is imported, so only who needs it imports it.
    const { loadModule, parseSync } = await import("libpg-query");
    try {
      await loadModule();
    } catch (error) {
      // In a container with too small a limit the memory is not to be had.
      const words = error instanceof Error ? error.message : String(error);
      const message = words.replace(/^Aborted\((.*?)\)\..*$/s, "$1");
      throw new Refusal([{ code: "no-parser", message }]);
    }
    return (sql) => {
      try {
        const tree = parseSync(sql) as { stmts?: readonly { stmt?: ParseNode }[] };
        return tree.stmts?.map((one) => one.stmt ?? {}) ?? [];
      } catch {
        // A syntax that it does not know, or an expression too deep for its stack: the server
        // is the judge then, and the first words tell what must not be sent.
        return undefined;
      }
    };
  },
};
