import type { Parse } from "../core/script.ts";
import type { ParseNode } from "../core/parse-node.ts";
import type { Parser } from "../ports.ts";

/** PostgreSQL's own grammar (version 18), compiled to WebAssembly: libpg-query. */
export const postgresParser: Parser = {
  async load(): Promise<Parse> {
    // It compiles 1.7 MB of WebAssembly when it is imported, so only who needs it imports it.
    const { loadModule, parseSync } = await import("libpg-query");
    await loadModule();
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
