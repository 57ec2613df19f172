import { readSchema } from "../catalog/schema.ts";
import { connectToRead } from "../connect.ts";
import { scan } from "../core/scan.ts";
import { schemaDigest } from "../core/schema.ts";
import type { Outcome } from "../outcome.ts";
import { Refusal, type World } from "../ports.ts";
import type { FingerprintRequest } from "../request.ts";

/** The digest of a database's schema. Reads only, and needs no migrations. */
export async function fingerprint(world: World, request: FingerprintRequest): Promise<Outcome> {
  const none = scan([]);
  if (!none.ok) throw new Refusal(none.problems);
  return connectToRead(world, request, none.value.set, async (session, { serverVersion }) => {
    const schema = await readSchema(session, request);
    return {
      kind: "fingerprint",
      digest: schemaDigest(schema),
      schema,
      grants: request.grants,
      database: world.database.label,
      serverVersion,
    };
  });
}
