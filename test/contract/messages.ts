import { databaseAt } from "../support/engines.ts";
import { type CutAt, type Messages, relayMessages } from "../support/messages.ts";
import { type Ground, groundOn } from "./ground.ts";

/** A ground by way of a relay that reads what passes. */
export async function throughRelay(
  ground: Ground,
  cutAt?: CutAt,
): Promise<Messages & { readonly ground: Ground }> {
  const messages = await relayMessages(ground.url, cutAt === undefined ? {} : { cutAt });
  const { url } = messages;
  return Object.assign(messages, {
    ground: groundOn(ground.engine, { ...ground, database: databaseAt(url), url }),
  });
}
