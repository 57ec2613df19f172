import { firstWords } from "./tokens.ts";
import { outside, plain, refused, type Statement } from "./statements.ts";

/**
 * Judges a statement that the parser cannot read, by its first words: its syntax is newer than
 * the parser's grammar, or it has an error that the server will report itself. Only what ends a transaction, breaks the wire protocol or cannot run
 * in a transaction is told; everything else is left to the server.
 */
export function classifyByKeyword(text: string): Statement {
  const [first, second] = firstWords(text, 2);
  switch (first) {
    case "begin":
    case "commit":
    case "end":
    case "rollback":
    case "abort":
    case "savepoint":
    case "release":
      return refused("transaction control", first.toUpperCase());
    case "start":
    case "prepare":
      return second === "transaction"
        ? refused("transaction control", `${first} transaction`.toUpperCase())
        : plain;
    case "discard":
      return refused("session reset", "DISCARD");
    case "reset":
      return second === "all" ? refused("session reset", "RESET ALL") : { kind: "setting" };
    case "set":
      return { kind: "setting" };
    case "copy":
      return /\b(?:stdin|stdout)\b/i.test(text)
        ? refused("copy stream", "COPY FROM STDIN or TO STDOUT")
        : plain;
    case "call":
      return { kind: "procedural", what: "CALL" };
    case "do":
      return { kind: "procedural", what: "DO" };
    case "vacuum":
      return outside("VACUUM", false);
    default:
      return plain;
  }
}
