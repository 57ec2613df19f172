/**
 * From a connection to a session: start-up, authentication where the server asks for one, and the
 * first message behind them.
 *
 * The start-up is ours, so that it is on its way as soon as the connection is open. What proves who we are is
 * postgres.js' part, and it is loaded only where it may be asked for.
 */
import { Buffer } from "node:buffer";
import type { ServerTarget } from "../core/target.ts";
import { deferred } from "../deferred.ts";
import type { SessionOptions } from "../ports.ts";
import type { Channel } from "./channel.ts";
import type { Conversation } from "./conversation.ts";
import { asksForProof } from "./start-up.ts";
import type { Exchange } from "./wire.ts";

/**
 * What the first message brought.
 * @param channel Over which the start-up was sent. @throws SqlError
 */
export async function logIn(
  channel: Channel,
  conversation: Conversation,
  target: ServerTarget,
  options: SessionOptions,
): Promise<Exchange> {
  const { promise: asked, resolve: ask } = deferred<"asked">();
  const heard: Uint8Array[] = [];
  const stopOverhearing = conversation.overhear((chunk) => {
    // Its memory is the system's.
    heard.push(Buffer.from(chunk));
    if (asksForProof(Buffer.concat(heard)) === true) ask("asked");
  });
  // Loaded while the server is busy.
  const loading = target.password === undefined ? undefined : import("./authentication.ts");
  const started = conversation.expect({ keepRows: false });
  const first = await Promise.race([started, asked]);
  if (first === "asked") {
    started.catch(() => undefined);
    const { authenticate } = await (loading ?? import("./authentication.ts"));
    return await authenticate(channel, conversation, target, options, heard);
  }
  stopOverhearing();
  return await conversation.send(options.opening, { keepRows: true });
}
