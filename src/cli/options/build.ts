import { platforms } from "../../core/platform.ts";
import type { Command } from "./definition.ts";
import { unused } from "./shared.ts";

export const build = (): Command => ({
  name: "build",
  args: "",
  about: "make an executable with your migrations inside; needs no toolchain, no network",
  details: `It holds the files byte for byte, which is proven before it is put in its place, and has every
command of this one; its own set is what they work on. The same files give the same executable.

Targets: ${platforms.slice(0, 4).join(", ")},
         ${platforms.slice(4).join(", ")}`,
  flags: [
    {
      name: "migrations",
      value: "DIR",
      values: "folder",
      about: "folder of the migrations to put inside",
    },
    { name: "out", value: "FILE", values: "file", about: "where the executable is to be" },
    {
      name: "target",
      value: "TARGET",
      values: platforms,
      about: "what it is to run on (default: what this one runs on)",
    },
    {
      name: "runtime",
      value: "FILE",
      values: "file",
      about: "for another target: its released executable (default: lacuna-TARGET beside this one)",
    },
    ...unused,
  ],
  examples: [
    ["lacuna build --migrations ./migrations --out migrator", "then: ./migrator up"],
    ["lacuna build --migrations sql --out migrator --target linux-arm64", "for another machine"],
  ],
});
