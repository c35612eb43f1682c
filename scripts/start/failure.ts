/** Something that the person at the terminal can put right: printed without a stack trace. */
export class Failure extends Error {
  /** What to do about it. */
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(what);
    this.name = "Failure";
    this.remedy = remedy;
  }
}
