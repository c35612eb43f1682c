/** What one boundary refuses and what it lets through, as import statements of one file. */
export interface Example {
  /** The rule as a sentence: the title of its test. */
  readonly rule: string;
  /** Where the statements stand; `*` becomes a name that no other example has. */
  readonly file: string;
  /** Each of these gets exactly one diagnostic … */
  readonly refused: readonly string[];
  /** … whose help has this in it, and no other boundary's has. */
  readonly says: string;
  /** None of these gets any. */
  readonly allowed: readonly string[];
}

/** Statements that pass a value on, so that nothing is unused; `$` becomes the line's number. */
export const values = (...specifiers: readonly string[]): string[] =>
  specifiers.map((specifier) => `export { value as value$ } from "${specifier}";`);
export const types = (...specifiers: readonly string[]): string[] =>
  specifiers.map((specifier) => `export type { Type as Type$ } from "${specifier}";`);
