import { describeJsonFault } from "./json-fault.ts";
import { Refusal } from "./refusal.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * Parse a JSON request body, and say where it breaks when it does.
 *
 * @param body  UTF-8 bytes; an invalid sequence is refused, since replacing it would change a tensor silently
 * @throws Refusal `malformed-json` with `position` (characters from 0), `line` and `column` (from 1)
 */
export function parseJsonBody(body: Uint8Array): { value: unknown; text: string } {
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
