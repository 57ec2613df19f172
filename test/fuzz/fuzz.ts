/** The fuzz run over splitter and transaction control, for the command and for the fault suite. */
import * as fc from "fast-check";
import { postgresParser } from "../../src/adapters/parser.ts";
import type { Parse } from "../../src/core/script.ts";
import type { Major } from "../support/servers.ts";
import { brokenBody, controllingBody, legalBody } from "./bodies.ts";
import { openingBody } from "./openings.ts";
import {
  acceptsLegal,
  isText,
  judgesAsParser,
  opensAsParsed,
  read,
  splitsInParts,
} from "./properties.ts";
import { judgedBy } from "./server.ts";

export interface FuzzOptions {
  readonly seed: number;
  /** How many bodies are made in all. */
  readonly cases: number;
  /** How many of those that were accepted each server runs. */
  readonly sample: number;
}

export interface FuzzResult {
  readonly title: string;
  readonly cases: number;
  /** Undefined where it held: else the smallest body that was found, and what is wrong with it. */
  readonly failure: string | undefined;
  readonly said: string;
}

const oracles: readonly Major[] = [14, 18];

/** Words that may leave a transaction: a body without any is no test of it. */
const risky = /\b(?:commit|end|rollback|abort|begin|start|savepoint|release|prepare)\b/i;

export async function* fuzz(options: FuzzOptions): AsyncGenerator<FuzzResult> {
  const parse = await postgresParser.load();
  const { cases } = options;
  const shares = [
    { name: "legal", bodies: legalBody, share: 0.3, holds: acceptsLegal },
    { name: "controlling", bodies: controllingBody, share: 0.2, holds: judgesAsParser },
    { name: "broken", bodies: brokenBody, share: 0.3, holds: judgesAsParser },
    { name: "short-worded", bodies: openingBody, share: 0.2, holds: judgesAsParser },
  ];
  const samples: string[][] = [];
  let byOpening = 0;
  for (const { name, bodies, share, holds } of shares) {
    const accepted: string[] = [];
    yield checked(name, bodies, options, share, (body) => {
      holds(body, parse);
      splitsInParts(body);
      byOpening += opensAsParsed(body, parse);
      if (accepted.length < options.sample && risky.test(body)) {
        accepted.push(...sentFor(body, parse));
      }
    });
    samples.push(accepted.slice(0, Math.ceil(options.sample / shares.length)));
  }
  yield {
    title: "what first words say of a statement is what its tree says",
    cases: 0,
    failure: byOpening > cases / 10 ? undefined : `only ${byOpening} statements were told by them`,
    said: `${byOpening} statements`,
  };
  const bodies = samples.flat();
  for (const result of await Promise.all(oracles.map((major) => judged(major, bodies))))
    yield result;
}

/** What goes to the server: a BEGIN and COMMIT around the whole are taken out. */
function sentFor(body: string, parse: Parse): readonly string[] {
  const result = read(body, parse);
  return result.ok && result.value.mode === "transaction" ? [result.value.body] : [];
}

function checked(
  name: string,
  bodies: fc.Arbitrary<string>,
  { seed, cases }: FuzzOptions,
  share: number,
  holds: (body: string) => void,
): FuzzResult {
  const numRuns = Math.ceil(cases * share);
  let tried = 0;
  const details = fc.check(
    fc.property(bodies, (body) => {
      if (!isText(body)) return;
      tried++;
      holds(body);
    }),
    { seed, numRuns },
  );
  const [smallest] = details.counterexample ?? [];
  const why = details.errorInstance instanceof Error ? details.errorInstance.message : "";
  return {
    title: `${name} bodies are judged as PostgreSQL's parser judges them`,
    cases: tried,
    failure: details.failed ? `${why}\n${JSON.stringify(smallest)}` : undefined,
    said: `${tried} cases`,
  };
}

async function judged(major: Major, bodies: readonly string[]): Promise<FuzzResult> {
  const { ran, failed, codes, escaped } = await judgedBy(major, bodies);
  const [first] = escaped.toSorted((a, b) => a.body.length - b.body.length);
  const said = [...codes].map(([code, count]) => `${code}: ${count}`).join(", ");
  return {
    title: `none of them leaves its transaction on PostgreSQL ${major}`,
    cases: bodies.length,
    failure:
      first === undefined
        ? undefined
        : `${escaped.length}: ${first.why}\n${JSON.stringify(first.body)}`,
    said: `${ran} ran, ${failed} failed (${said})`,
  };
}
