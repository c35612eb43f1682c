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
 * @param error  what `JSON.parse(text)` threw; V8 names a position, except where the text ends too early or a value is
 *               missing: then it quotes the body around the fault, which is cut off here
 */
export function describeJsonFault(error: unknown, text: string): JsonFault {
  const message = error instanceof Error ? error.message : String(error);
  const found = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  const position = found === undefined ? missingValueAt(text) : Number(found);
  const before = text.slice(0, position);
  const line = before.split("\n").length;
  const column = position - before.lastIndexOf("\n");
  const parserSays = message.replace(/(, (\.\.\.)?".*is not valid JSON|( in JSON)? at position \d+.*)$/s, "");
  const cause = text === "" ? "it is empty" : parserSays;
  return { reason: `The body is not JSON: ${cause} at line ${line}, column ${column}.`, position, line, column };
}

const WORDS = ["true", "false", "null"];

/** The first place of a text where a value should stand and none does; its end when there is none. */
function missingValueAt(text: string): number {
  let isValueDue = true;
  let last = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (" \t\n\r".includes(character)) continue;
    const closesEmpty = last === "[" && character === "]";
    if (isValueDue && !closesEmpty && !/[-\d"[{tfn]/.test(character)) return at;
    if (character === '"') at = endOfString(text, at);
    const word = isValueDue ? WORDS.find((candidate) => candidate.startsWith(character)) : undefined;
    for (const letter of word?.slice(1) ?? "") {
      at += 1;
      if (text.charAt(at) !== letter) return at;
    }
    isValueDue = "[,:".includes(character);
    last = character;
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === "\\" ? 2 : 1;
  return at;
}
