import { describeJsonFault } from "./json-fault.ts";
import { Refusal } from "./refusal.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Objects and arrays that a body may open: a million are parsed in half a second, thirty megabytes of nothing else in five. */
const MAX_STRUCTURES = 1_000_000;

/**
 * Parse a JSON request body, and say where it breaks when it does.
 *
 * @param body  UTF-8 bytes; an invalid sequence is refused, since replacing it would change a tensor silently
 * @throws Refusal `invalid-request` with `max_structures`, when it opens more objects and arrays than that;
 *         `malformed-json` with `position` (characters from 0), `line` and `column` (from 1)
 */
export function parseJsonBody(body: Uint8Array): { value: unknown; text: string } {
  requireFewStructures(body);
  let text: string;
  try {
    text = strictUtf8.decode(body);
  } catch {
    throw new Refusal("malformed-json", "The body is not valid UTF-8.");
  }
  try {
    return { value: JSON.parse(text), text };
  } catch (error) {
    throw malformed(error, text);
  }
}

/** Those within strings count too: telling them apart would cost what is to be saved. */
function requireFewStructures(body: Uint8Array): void {
  if (body.byteLength <= MAX_STRUCTURES) return;
  let structures = 0;
  for (let at = 0; at < body.byteLength; at++) {
    const byte = body[at];
    if (byte === OPEN_BRACKET || byte === OPEN_BRACE) structures += 1;
  }
  if (structures <= MAX_STRUCTURES) return;
  const detail =
    `The body opens ${structures} objects and arrays; ${MAX_STRUCTURES} are the most. ` +
    "Send large tensors flat, or as binary tensors.";
  throw new Refusal("invalid-request", detail, { max_structures: MAX_STRUCTURES });
}

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/**
 * Parse once more, keeping every integer literal beyond 2^53 exact, as a bigint.
 *
 * Slower than a plain parse by its reviver, so it is called only when a 64-bit tensor met such a literal.
 */
export function parseKeepingIntegers(text: string): unknown {
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source ?? "";
    const rounded = typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
    return rounded ? BigInt(source) : value;
  };
  try {
    return JSON.parse(text, keep);
  } catch (error) {
    // A reviver walks by recursion, a plain parse doesn't.
    if (error instanceof RangeError) throw new Refusal("invalid-request", "The body is nested too deeply.");
    throw error;
  }
}

function malformed(error: unknown, text: string): Refusal {
  const { reason, position, line, column } = describeJsonFault(error, text);
  return new Refusal("malformed-json", reason, { position, line, column });
}
