import { migrate } from "../migrate.ts";
import type { Outcome } from "../outcome.ts";
import type { World } from "../ports.ts";
import type { UpRequest } from "../request.ts";

/** Applies what is pending, lowest version first, gaps included. */
export function up(world: World, request: UpRequest): Promise<Outcome> {
  return migrate(world, request);
}
