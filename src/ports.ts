/**
 * What the shell needs of the world. The adapters give it; tests give real ones too.
 */
import type { Answer } from "./core/probes.ts";
import type { SourceFile } from "./core/migration.ts";
import type { Platform } from "./core/platform.ts";
import type { Problem, ServerMessage, Signal } from "./core/problem.ts";
import type { Parse } from "./core/script.ts";
import type { Event } from "./events.ts";

/** Where migrations come from: a folder, or the executable itself. */
export interface Source {
  /** What to call it in messages: the folder's path, or undefined for the embedded set. */
  readonly folder: string | undefined;
  /** What takes its time leaves others a turn. */
  list(): Promise<readonly SourceFile[]>;
}

/** One statement's command tag, such as `INSERT 0 1`: the only proof that it was done. */
export interface StatementResult {
  readonly tag: string;
}

/** Is told what the server says beside its answer. */
export type NoticeListener = (notice: ServerMessage) => void;

/** Values as PostgreSQL's text format writes them; null for SQL's null. */
export type Row = Readonly<Record<string, string | null>>;

/**
 * One physical connection. It never reconnects by itself: when it is lost, every call fails,
 * because a new backend would not hold the lock (research: mechanisms, M2).
 */
export interface Session {
  /** The pid that the server announced when the connection was made (BackendKeyData). */
  readonly backendPid: number;
  /** The rows of the opening script: one list a row-returning statement. */
  readonly opening: readonly (readonly Row[])[];
  /** Settles when the connection ends before it was closed. */
  readonly lost: Promise<SqlError>;
  /** Whether it pays to send a message before those ahead of it are answered. */
  readonly pipelines?: true;
  /**
   * Sends a script as one simple-protocol message and resolves to the tags of its statements,
   * in order. Rows are dropped while they arrive, so memory stays bounded. It may be sent before
   * what is ahead of it is answered.
   * @throws SqlError with the tags of the statements that were completed before the error.
   */
  run(script: string, onNotice?: NoticeListener): Promise<readonly StatementResult[]>;
  /** Sends a script in the same way and keeps the rows: one list a row-returning statement. */
  rows(script: string, onNotice?: NoticeListener): Promise<readonly (readonly Row[])[]>;
  /** Takes back the transaction that is open, or has failed. */
  undo(): Promise<void>;
  /** Asks the server to cancel what is running. It may come late, or for nothing. */
  cancel(): Promise<void>;
  /** What stands around a migration here; undefined for a transaction of its own. */
  readonly bracket?: Bracket;
}

/** What stands around a migration: BEGIN and COMMIT, or what a rehearsal puts in their place. */
export interface Bracket {
  readonly open: string;
  /** Runs what COMMIT would run: deferred triggers and constraints. One statement. */
  readonly settle: string;
  /** The same for what lacuna itself did, where `settle` does not stay in force. One statement. */
  readonly settleOwn?: string;
  readonly close: string;
  /** The command tag that `close` answers. */
  readonly closeTag: string;
}

export interface SessionOptions {
  /** Sent as the first message, so that first questions cost one round trip. */
  readonly opening: string;
  /** What pg_stat_activity calls the session, unless the URL says otherwise. */
  readonly applicationName: string;
  /** What it has locked is let go of before it is closed: nobody has to wait for the server to end it. */
  readonly endsUnlocked?: boolean;
  /** How long the connection may take to be made. */
  readonly connectTimeoutMs: number;
  /** What ends the making of it before that. A session that is open is left alone. */
  readonly interruption?: Interruption;
  /** The extensions that may be created: PGlite has to load them when it starts. */
  readonly extensions: readonly string[];
}

export interface Database extends AsyncDisposable {
  /** Host, port and database, or the folder: what messages call it. Never a password. */
  readonly label: string;
  /** A later session finds what an earlier one committed: behind a loss another is worth it. */
  readonly canBeReopened?: true;
  /** Whether a second session can look on while one works: an embedded Postgres has one backend. */
  readonly hasManySessions?: true;
  /** Who logs in, and the role that each session begins with, where one is asked for. */
  readonly startsAs?: { readonly login: string; readonly role: string };
  /** Gives a session to `work` and closes it behind it, also after a failure. */
  session<T>(options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T>;
}

/** What /healthz and the like are served by. */
export interface Http {
  /** @throws Refusal where the port is not to be had. */
  listen(address: HttpAddress, handler: HttpHandler): Promise<HttpListener>;
  /** One GET over a connection of its own. @throws Error where nobody answers in time. */
  get(url: string, timeoutMs: number): Promise<{ readonly status: number; readonly body: string }>;
}

export interface HttpAddress {
  /** Undefined: every address of this machine. */
  readonly host: string | undefined;
  /** 0: any that is free. */
  readonly port: number;
}

/** A handler that fails is a bug. */
export type HttpHandler = (method: string, path: string) => Promise<Answer> | Answer;

/** Closing it waits for nobody: connections that are open are cut. */
interface HttpListener extends AsyncDisposable {
  /** http://127.0.0.1:8080 */
  readonly url: string;
}

/** Where `new` writes. */
export interface Folder {
  /** Makes all files or, where one exists already or cannot be written, none. Gives their paths. */
  create(files: readonly { readonly name: string; readonly text: string }[]): readonly string[];
}

/** A git repository, seen from the folder of the migrations. */
export interface Repository {
  readonly hasWorkingTree: boolean;
  /** The id of a commit. @throws Refusal where there is none. */
  commit(ref: string): Promise<string>;
  /** Undefined where two commits have none. */
  mergeBase(left: string, right: string): Promise<string | undefined>;
  /** A clone that lacks the older commits. */
  isShallow(): Promise<boolean>;
  /** The folder's files as a commit has them; none where it has no such folder. */
  filesOf(commit: string): Promise<readonly SourceFile[]>;
  /** The folder's files as a commit of all that is in the working tree and not ignored would have them. */
  filesHere(): Promise<readonly SourceFile[]>;
}

/** Gives files other names. */
export interface Renamer {
  /** All or none, and never over a file that is there. Says how it was done. */
  rename(renames: readonly { readonly from: string; readonly to: string }[]): Promise<RenamedBy>;
}

/** `git mv` where git knows the files. */
export type RenamedBy = "git mv" | "rename";

/** Makes executables of what this one is made of. */
export interface Maker {
  /** All or nothing: what stood there before stays where it fails. @throws Refusal */
  make(order: Order): Promise<Made>;
}

interface Order {
  /** Where it is to be. */
  readonly out: string;
  /** Undefined: one without migrations, as it is released. */
  readonly files: readonly SourceFile[] | undefined;
  readonly set: { readonly count: number; readonly digest: string } | undefined;
  /** Undefined: the one it runs on. */
  readonly platform: Platform | undefined;
  /** The file it is built on; undefined: this executable, or the released one that lies beside it. */
  readonly runtime: string | undefined;
}

export interface Made {
  readonly path: string;
  readonly platform: Platform;
  readonly bytes: number;
  readonly sha256: string;
  /** Whether it could be run here, or only be read. */
  readonly proof: "run" | "read";
}

/** A parser is loaded when the first pending migration needs one: a run without any is spared it. */
export interface Parser {
  load(): Promise<Parse>;
}

/** Standard output and standard error. */
export interface Streams {
  stdout(bytes: Uint8Array): void;
  stderr(bytes: Uint8Array): void;
}

export interface Reporter {
  report(event: Event): void;
}

export interface Clock {
  nowMs(): number;
  /** Resolves early when the run is interrupted. */
  sleep(milliseconds: number): Promise<void>;
  /** Between 0 and 1, for jitter. */
  random(): number;
}

/** SIGINT or SIGTERM of the process, or the AbortSignal of who called the library. */
export interface Interruption {
  readonly signal: Signal | undefined;
  /** Calls back once, when the first signal comes. Returns how to stop listening. */
  onSignal(callback: () => void): () => void;
}

export interface World {
  readonly source: Source;
  readonly database: Database;
  readonly parser: Parser;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly interruption: Interruption;
  /** This machine's name, for pg_stat_activity. */
  readonly hostName: string;
}

/** The only exception that crosses a port. Anything else that is thrown is a bug. */
export class SqlError extends Error {
  override readonly name = "SqlError";
  readonly server: ServerMessage;
  /** `lost`: the connection is gone, and with it every certainty about what was running. */
  readonly kind: "server" | "lost" | "refused";
  /** The tags of the message's statements that were completed before the error. */
  readonly tags: readonly string[];

  constructor(
    kind: SqlError["kind"],
    server: ServerMessage,
    options: { readonly tags?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(server.message, { cause: options.cause });
    this.kind = kind;
    this.server = server;
    this.tags = options.tags ?? [];
  }
}

/** Ends a command with problems from any depth; the command turns it into its outcome. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.code).join(", "));
    this.problems = problems;
  }
}
