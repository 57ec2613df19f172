import type { LeftOut, Tool, Workshop } from "../tool.ts";
import { writeFiles } from "../tool.ts";

const modes: Readonly<Record<string, string>> = {
  floor: "waiting",
  "floor-asynchronous": "waiting-asynchronous",
  "floor-pipelined": "pipelined",
  "floor-pipelined-asynchronous": "pipelined-asynchronous",
};

const titles: Readonly<Record<string, string>> = {
  floor: "C on a raw socket, one flight a file",
  "floor-asynchronous": "the same, commits asynchronous but the last",
  "floor-pipelined": "the same, pipelined",
  "floor-pipelined-asynchronous": "the same, pipelined and asynchronous",
};

/** floor.c in one of its modes: what the protocol and the server leave to be done, and no more. */
export function floor({ compile }: Workshop): readonly (Tool | LeftOut)[] {
  const program = compile("floor.c");
  if (typeof program !== "string") return [program];
  return Object.entries(modes).map(([name, mode]): Tool => {
    const tool: Tool = {
      name,
      title: titles[name] ?? name,
      layOut: (folder, files) => writeFiles(folder, files, ".sql"),
      up(folder, url) {
        const { port, pathname } = new URL(url);
        return { argv: [program, mode, port, pathname.slice(1), folder] };
      },
    };
    // The others differ where there are several files to send.
    if (name !== "floor") return { ...tool, only: ["fresh-100", "fresh-1000"] };
    return { ...tool, start: { argv: [program, "--version"] } };
  });
}
