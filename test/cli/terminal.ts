/** A program in a terminal of its own, as a person has it in front of them. */
export class Terminal implements AsyncDisposable {
  output = "";
  readonly #child: Bun.Subprocess;

  constructor(argv: readonly string[], cwd: string, environment: Record<string, string> = {}) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn([...argv], {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", TERM: "dumb", HOME: cwd, ...environment },
      terminal: {
        cols: 400,
        rows: 100,
        data: (_, data) => (this.output += decoder.decode(data, { stream: true })),
      },
    });
  }

  type(text: string): void {
    this.#child.terminal?.write(text);
  }

  /** What the program answers to this; only what comes behind it is looked at. */
  async answer(text: string, pattern: RegExp): Promise<string> {
    const start = this.output.length;
    this.type(text);
    const end = Date.now() + 20_000;
    for (;;) {
      const match = pattern.exec(this.output.slice(start));
      if (match !== null) return match[1] ?? "";
      if (Date.now() > end || this.#child.exitCode !== null) {
        throw new Error(`no ${pattern} behind ${JSON.stringify(text)}:\n${this.output}`);
      }
      await Bun.sleep(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}
