/**
 * Golden transcripts of the executable. A case in cases/ is free text, files, commands, and what
 * each command wrote: `>` stdout, `!` stderr, then the exit code. `UPDATE=1 bun test test/cli`
 * writes them anew; the diff is then read by a person.
 *
 * It is the built executable that runs, because bundling, minifying and embedding are where a
 * program that works from its sources breaks. A build takes seconds, so there is one a test run;
 * LACUNA_EXECUTABLE names one that is there already.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { freshDatabase, sharedServer } from "../support/servers.ts";
import { gitEnvironment } from "../support/repository.ts";
import { run as runCommand } from "../support/run.ts";
import { buildExecutable } from "./executable.ts";

interface Stage {
  readonly folder: string;
  readonly environment: Record<string, string>;
  /** What `$NAME` in a command stands for. */
  readonly words: Readonly<Record<string, string>>;
}

const cases = join(import.meta.dirname, "cases");
const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-cli-"));
let executable = process.env["LACUNA_EXECUTABLE"] ?? "";

beforeAll(() => {
  if (executable === "") executable = buildExecutable(temporary);
}, 60_000);
afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** Every password in the cases contains it, and no output may. */
const secret = /hunter2/i;

for (const name of fs.readdirSync(cases).toSorted()) {
  test.concurrent(
    name,
    async () => {
      const path = join(cases, name);
      const expected = fs.readFileSync(path, "utf8");
      const transcript = await play(expected);
      if (process.env["UPDATE"] === "1") fs.writeFileSync(path, transcript);
      else expect(transcript).toBe(expected);
    },
    180_000,
  );
}

/** The case as it is, with what its commands write now. */
async function play(text: string): Promise<string> {
  const folder = fs.mkdtempSync(join(temporary, "case-"));
  await using database = text.includes("$DATABASE")
    ? await freshDatabase(await sharedServer(17))
    : undefined;
  const url = new URL(database?.url ?? "postgres://localhost");
  const words = {
    DATABASE: url.href,
    PORT: url.port,
    NAME: url.pathname.slice(1),
    FOLDER: folder,
    PATH: process.env["PATH"] ?? "",
  };
  const stage = { folder, environment: {}, words };
  const transcript: string[] = [];
  let file: { path: string; lines: string[] } | undefined;
  const closeFile = (): void => {
    if (file === undefined) return;
    const written = join(folder, file.path);
    const content = file.lines.join("\n").replace(/\n*$/, "\n").replace(/^\n$/, "");
    fs.mkdirSync(dirname(written), { recursive: true });
    fs.writeFileSync(written, withWords(content, words));
    file = undefined;
  };
  for (const line of text.split("\n")) {
    if (file === undefined && /^[>!]|^exit [0-9]+$/.test(line)) continue;
    const header = /^-- file (.*) --$/.exec(line)?.[1];
    if (header !== undefined || /^[$#] /.test(line)) closeFile();
    transcript.push(line);
    if (header !== undefined) {
      const path = header.startsWith('"') ? (JSON.parse(header) as string) : header;
      file = { path, lines: [] };
    } else if (line.startsWith("$ ")) transcript.push(...(await run(line.slice(2), stage)));
    else file?.lines.push(line);
  }
  return transcript.join("\n");
}

/** Runs one command line; gives the lines of what it wrote. */
async function run(commandLine: string, stage: Stage): Promise<readonly string[]> {
  const { folder, environment, words } = stage;
  const argv = [...commandLine.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    withWords(word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"), words),
  );
  const own: Record<string, string> = {};
  while (/^[A-Z_]+=/.test(argv[0] ?? "")) {
    const [name = "", ...value] = (argv.shift() ?? "").split("=");
    own[name] = value.join("=");
  }
  const [program = "", first = "", second = ""] = argv;
  if (program === "export") environment[first.split("=")[0] ?? ""] = first.replace(/^[^=]*=/, "");
  else if (program === "mv") fs.renameSync(join(folder, first), join(folder, second));
  else if (program === "rm") fs.rmSync(join(folder, first));
  else if (program === "crlf") {
    const path = join(folder, first);
    fs.writeFileSync(path, fs.readFileSync(path, "utf8").replaceAll("\n", "\r\n"));
  } else if (program === "ls") {
    const names = fs.readdirSync(join(folder, first), { recursive: true }).map(String);
    return names.toSorted().map((name) => `> ${name}`);
  } else if (program === "cat") {
    return quote(">", normalise(fs.readFileSync(join(folder, first), "utf8"), stage));
  } else if (program === "sql") {
    const sql = postgres(words["DATABASE"] ?? "", { max: 1, onnotice: () => undefined });
    const rows = await sql.unsafe(first);
    await sql.end();
    return rows.map((row) => normalise(`> ${JSON.stringify(row)}`, stage));
  } else if (program === "git") {
    runCommand("git", argv.slice(1), { cwd: folder, env: gitEnvironment });
  } else if (program === "lacuna") return runLacuna(executable, argv.slice(1), own, stage);
  // One that lacuna made.
  else if (program.startsWith("./"))
    return runLacuna(join(folder, program), argv.slice(1), own, stage);
  else throw new Error(`unknown command: ${commandLine}`);
  return [];
}

function withWords(text: string, words: Stage["words"]): string {
  return text.replaceAll(/\$([A-Z]+)/g, (whole, name: string) => words[name] ?? whole);
}

async function runLacuna(
  program: string,
  argv: readonly string[],
  own: Readonly<Record<string, string>>,
  stage: Stage,
): Promise<readonly string[]> {
  const child = Bun.spawn([program, ...argv], {
    cwd: stage.folder,
    env: { ...stage.environment, ...own },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect(stdout + stderr).not.toMatch(secret);
  // Neither colours nor what a file's name or a server's message tells a terminal to do.
  if (argv[0] !== "show") expect(stdout + stderr).not.toMatch(controls);
  const shown = argv.includes("--json") ? stdout.replaceAll(/^\{.*$/gm, layOut) : stdout;
  return [
    ...quote(">", normalise(shown, stage)),
    ...quote("!", normalise(stderr, stage)),
    `exit ${exitCode}`,
  ];
}

/** A line of JSON as people read it; what is no versioned document throws. */
function layOut(line: string): string {
  const document = JSON.parse(line) as { lacuna?: unknown };
  expect(document.lacuna).toBe(1);
  return JSON.stringify(document, null, 1);
}

function quote(sign: string, text: string): readonly string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  if (last !== "") lines.push(`${last}<no line end>`);
  return lines.map((line) => (line === "" ? sign : `${sign} ${line}`));
}

/** What differs from run to run and from machine to machine gets a name. */
function normalise(text: string, { folder, words }: Stage): string {
  return text
    .replaceAll(folder, "<folder>")
    .replaceAll(dirname(executable), "<beside lacuna>")
    .replaceAll(words["NAME"] || "\0", "<database>")
    .replaceAll(/(?<=127\.0\.0\.1:)[0-9]{4,5}/g, "<port>")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "<digest>")
    .replaceAll(/(?<=digest )[0-9a-f]{12}\b/g, "<digest>")
    .replaceAll(/\b20[0-9]{12}(?=_)/g, "<timestamp>")
    .replaceAll(/[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}(?:\.[0-9]+)?Z?/g, "<time>")
    .replaceAll(/\b[0-9]+(?:\.[0-9]+)? (?:ms|s|min)\b/g, "<ms>")
    .replaceAll(/(?<="(?:elapsed|waited|pause)Ms": )[0-9.]+/g, "<ms>")
    .replaceAll(/\b[0-9]+\.[0-9] MB/g, "<size>")
    .replaceAll(/(?<="bytes": )[0-9]{9}/g, "<size>")
    .replaceAll(/(?<=time=")[0-9.]+/g, "<s>")
    .replaceAll(/\bpid [0-9]+/g, "pid <pid>")
    .replaceAll(/(?<=lacuna )[0-9]+\.[0-9]+\.[0-9]+$/gm, "<version>")
    .replaceAll(/^[0-9]+(?= migrations inside)/gm, "<count>")
    .replaceAll(/(?<=PostgreSQL |"serverVersion": ")17\.[0-9]+/g, "17.<minor>")
    .replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, (char) => {
      return `<0x${char.charCodeAt(0).toString(16).padStart(2, "0")}>`;
    });
}
