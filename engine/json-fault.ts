/** Where a text stops being JSON. */
export interface JsonFault {
  /** A sentence with the parser's reason and the place. */
  readonly reason: string;
  /** Characters before the fault. */
  readonly position: number;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/**
 * Say where JSON breaks, from the parser's own error.
 *
 * @param error  what `JSON.parse(text)` threw; V8 names a position except where the text ends too early
 */
export function describeJsonFault(error: unknown, text: string): JsonFault {
  const message = error instanceof Error ? error.message : String(error);
  const found = /at position (\d+)/.exec(message)?.[1];
  const position = found === undefined ? text.length : Number(found);
  const before = text.slice(0, position);
  const line = before.split("\n").length;
  const column = position - before.lastIndexOf("\n");
  const cause = text === "" ? "it is empty" : message.replace(/ (in JSON )?at position .*/s, "");
  return { reason: `The body is not JSON: ${cause} at line ${line}, column ${column}.`, position, line, column };
}
