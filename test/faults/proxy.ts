/** A TCP proxy between a runner and its server which cuts, delays and splits what passes. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { newReplies } from "./replies.ts";
import type { Random } from "./random.ts";

/** Where a connection is cut. */
export type Cut =
  | { readonly kind: "never" }
  /** Nobody is let through. */
  | { readonly kind: "at once" }
  /** Behind so many bytes of what the runner says, or of what the server says. */
  | { readonly kind: "bytes"; readonly from: "runner" | "server"; readonly after: number }
  /** Behind the server's n-th acknowledgement of a COMMIT, before the runner gets it. */
  | { readonly kind: "commit"; readonly nth: number };

export interface Faults {
  readonly cut: Cut;
  /**
   * How long the server's side stays open behind a cut, so that only the way back is cut: the server
   * does not learn that nobody hears it. 0: both sides end together.
   */
  readonly lingerMs: number;
  /** The cut ends in a reset (RST) instead of an orderly end (FIN). */
  readonly resets: boolean;
  readonly splits: boolean;
  readonly delays: boolean;
}

export interface Passed {
  fromRunner: number;
  fromServer: number;
  commits: number;
  connections: number;
  cuts: number;
}

export interface Proxy extends AsyncDisposable {
  readonly port: number;
  readonly passed: Readonly<Passed>;
}

/** The n-th connection gets the n-th faults; those behind them the last. */
export async function startProxy(
  serverPort: number,
  faults: readonly [Faults, ...Faults[]],
  random: Random,
): Promise<Proxy> {
  const passed: Passed = { fromRunner: 0, fromServer: 0, commits: 0, connections: 0, cuts: 0 };
  const open = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (runner) => {
    const chosen = faults[Math.min(passed.connections++, faults.length - 1)] ?? faults[0];
    if (chosen.cut.kind === "at once") {
      passed.cuts++;
      runner.on("error", () => undefined);
      runner.destroy();
      return;
    }
    const server = connect({ port: serverPort, host: "127.0.0.1", noDelay: true });
    link(runner, server, chosen);
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (listener.address() as AddressInfo).port,
    passed,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => {
        listener.close(resolve);
      });
    },
  };

  function link(
    runner: Socket,
    server: Socket,
    { cut, lingerMs, resets, splits, delays }: Faults,
  ): void {
    const replies = newReplies();
    let fromRunner = 0;
    let fromServer = 0;
    let commits = 0;
    let isCut = false;
    for (const socket of [runner, server]) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => open.delete(socket));
    }
    pump(runner, server, (chunk) => {
      const left =
        cut.kind === "bytes" && cut.from === "runner" ? cut.after - fromRunner : Infinity;
      fromRunner += chunk.length;
      passed.fromRunner += chunk.length;
      return left;
    });
    pump(server, runner, (chunk) => {
      let left = cut.kind === "bytes" && cut.from === "server" ? cut.after - fromServer : Infinity;
      for (const at of replies.commitsIn(chunk)) {
        passed.commits++;
        if (cut.kind === "commit" && ++commits === cut.nth) left = Math.max(at, 0);
      }
      fromServer += chunk.length;
      passed.fromServer += chunk.length;
      return left;
    });

    /** `leftOf` says how much of a chunk may still pass. */
    function pump(from: Socket, to: Socket, leftOf: (chunk: Buffer) => number): void {
      // One behind the other, also where they wait.
      let before: Promise<void> = Promise.resolve();
      const next = (work: () => Promise<void> | void): void => {
        before = before.then(work).catch(() => undefined);
      };
      from.on("data", (chunk: Buffer) => {
        next(async () => {
          if (isCut) return;
          const left = leftOf(chunk);
          for (const piece of piecesOf(chunk.subarray(0, left))) {
            if (delays) await sleep(random.below(8));
            if (!to.destroyed) to.write(piece);
          }
          if (left < chunk.length) cutNow();
        });
      });
      from.on("close", () => {
        next(() => {
          if (!isCut) to.end();
        });
      });
    }

    function cutNow(): void {
      isCut = true;
      passed.cuts++;
      const end = (socket: Socket): unknown =>
        resets ? socket.resetAndDestroy() : socket.destroy();
      end(runner);
      setTimeout(() => end(server), lingerMs);
    }

    function piecesOf(chunk: Buffer): readonly Buffer[] {
      if (!splits) return [chunk];
      const ends = [random.integer(chunk.length), random.integer(chunk.length), chunk.length];
      let start = 0;
      return ends
        .toSorted((one, other) => one - other)
        .map((end) => chunk.subarray(start, (start = end)))
        .filter((piece) => piece.length > 0);
    }
  }
}
