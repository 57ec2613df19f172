/** The fingerprint of a schema: what changes it, and what does not. */
import { expect } from "bun:test";
import { readSchema } from "../../src/catalog/schema.ts";
import { schemaDigest } from "../../src/core/schema.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import { sessionOptions } from "../support/engines.ts";
import { everyKind } from "../support/every-kind.ts";
import { contract } from "./contract.ts";

contract([], (check) => {
  check("twice in a row it is the same", async (ground) => {
    await ground.sql(everyKind);
    const digests = await ground.database.session(sessionOptions, async (session) => {
      const read = () => readSchema(session, { tracker: defaultTracker, grants: true });
      return [await read(), await read()].map((schema) => schemaDigest(schema));
    });
    expect(digests[0]).toBe(digests[1] ?? "");
  });
});
