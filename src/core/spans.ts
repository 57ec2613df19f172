export interface Span {
  /** The statement's first token; white space and comments before it are left out. */
  readonly start: number;
  /** Just behind its last token, before the semicolon. */
  readonly end: number;
}

/** Where many statements stand: a file of 200 MB has two million, and an object each would be as large. */
export class Spans {
  /** Start and end by turns; the start of one that is not clear is kept as its complement. */
  #bounds = new Int32Array(8);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(start: number, end: number, isClear: boolean): void {
    const at = this.#length * 2;
    if (at === this.#bounds.length) {
      const longer = new Int32Array(at * 2);
      longer.set(this.#bounds);
      this.#bounds = longer;
    }
    this.#bounds[at] = isClear ? start : ~start;
    this.#bounds[at + 1] = end;
    this.#length++;
  }

  startOf(index: number): number {
    const start = this.#bounds[index * 2] ?? 0;
    return start < 0 ? ~start : start;
  }

  endOf(index: number): number {
    return this.#bounds[index * 2 + 1] ?? 0;
  }

  at(index: number): Span {
    return { start: this.startOf(index), end: this.endOf(index) };
  }

  /**
   * Whether a statement is one to PostgreSQL too, and without any of the words that could make
   * something else of it than its first words say (opening.ts).
   */
  isClear(index: number): boolean {
    return (this.#bounds[index * 2] ?? -1) >= 0;
  }

  /** As objects, without as many at either end. */
  toArray(without = 0): readonly Span[] {
    const length = Math.max(this.#length - 2 * without, 0);
    return Array.from({ length }, (_, index) => this.at(index + without));
  }
}
