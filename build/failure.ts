/** What keeps a release from being made, in words for who makes it. */
export class Failure extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = "Failure";
    this.hint = hint;
  }
}
