import type { Context } from "hono";
import { MAX_BODY_BYTES } from "../engine/contract.ts";
import { Refusal } from "../engine/refusal.ts";
import type { Services } from "./services.ts";
import { type Refused, refused } from "./problem.ts";

/** Let a request in if there is room, and count it until it is done; what the engine's reading refuses becomes a value. */
export async function admitted<End>(
  context: Context,
  { gate }: Services,
  act: () => Promise<End | Refused>,
): Promise<End | Refused> {
  const bodyBytes = mostBodyBytes(context);
  if (!gate.enter(bodyBytes)) return refused("overloaded", "The server has all the work that it can take.");
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refused(error.code, error.detail, error.evidence);
  } finally {
    gate.leave(bodyBytes);
  }
}

/** How many bytes the request's body may turn out to have. */
function mostBodyBytes({ req }: Context): number {
  const length = req.header("content-length");
  if (length === undefined) return req.header("transfer-encoding") === undefined ? 0 : MAX_BODY_BYTES;
  return req.header("content-encoding") === undefined ? Math.min(Number(length), MAX_BODY_BYTES) : MAX_BODY_BYTES;
}
