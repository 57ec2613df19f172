/** What the benchmark wants of a tool: its layout, and the command that applies what is there. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { SqlFile } from "./history.ts";
import type { WorkloadName } from "./workloads.ts";

export interface Tool {
  /** As --tools names it. */
  readonly name: string;
  /** As the table shows it. */
  readonly title: string;
  /** Writes the files into an empty folder, as the tool wants them. */
  readonly layOut: (folder: string, files: readonly SqlFile[]) => void;
  readonly up: (folder: string, url: string) => Command;
  /** What starts it and does nothing, where there is such a thing. */
  readonly start?: Command;
  /** The workloads that it takes part in; undefined: all. */
  readonly only?: readonly WorkloadName[];
}

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A tool that is not on this machine. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

/** Where the tools' own files go, and what is there to make them. */
export interface Workshop {
  readonly folder: string;
  readonly executable: string;
  readonly compile: (source: string) => string | LeftOut;
}

/** Six digits, so that the order of names is that of numbers for every tool. */
export function versionOf(file: SqlFile): string {
  return String(file.number).padStart(6, "0");
}

export function writeFiles(
  folder: string,
  files: readonly SqlFile[],
  suffix: string,
  text: (file: SqlFile) => string = ({ sql }) => sql,
): void {
  mkdirSync(folder, { recursive: true });
  for (const file of files) {
    writeFileSync(join(folder, `${versionOf(file)}_step${suffix}`), text(file));
  }
}

const peers = createRequire(import.meta.url);

/** A file of a package that bench/package.json names. */
export function peerFile(name: string, path: string): string | undefined {
  const folder = peerFolder(name);
  return folder === undefined ? undefined : join(folder, path);
}

export function peerVersion(name: string): string {
  const manifest = peerFile(name, "package.json");
  return manifest === undefined ? "" : (peers(manifest) as { version: string }).version;
}

function peerFolder(name: string): string | undefined {
  // Some packages export neither their package.json nor the file that is run.
  return peers.resolve
    .paths(name)
    ?.map((folder) => join(folder, name))
    .find((folder) => Bun.file(join(folder, "package.json")).size > 0);
}

export const notInstalled =
  "bench/package.json names it, and it is not installed: run `npm ci` without --workspaces=false";

/** What a program on PATH says of its version: the first thing that looks like one. */
export function versionSaid(...argv: readonly string[]): string {
  const { stdout, stderr } = Bun.spawnSync([...argv], { stdin: "ignore", stderr: "pipe" });
  return /\d+(?:\.\d+)+/.exec(`${stdout.toString()}${stderr.toString()}`)?.[0] ?? "";
}

export function nodeProgram(): string | undefined {
  return Bun.which("node") ?? undefined;
}

/** A tool of npm's that is a program for Node: both, or what is missing. */
export function nodePeer(
  name: string,
  path: string,
): { readonly node: string; readonly script: string } | LeftOut {
  const node = nodeProgram();
  const script = peerFile(name, path);
  if (node === undefined) return { name, reason: noNode };
  return script === undefined ? { name, reason: notInstalled } : { node, script };
}

export const noNode = "there is no node on PATH";

export function isLeftOut(found: object): found is LeftOut {
  return "reason" in found;
}
