import type { Context } from "hono";
import type { z } from "zod";
import { readBody } from "../../engine/body.ts";
import { parseJsonBody } from "../../engine/json-body.ts";
import { Refusal } from "../../engine/refusal.ts";
import type { AppEnv } from "./context.ts";
import { refuseByEngine } from "./refusals.ts";
import { refuseFields } from "./router.ts";

const MAX_JSON_BYTES = 64 * 1024;

/**
 * Read a body that may be empty and may come without a media type, as Triton's clients send theirs.
 *
 * @param schema  of the body; an empty one is read as `{}`
 * @returns what the schema makes of it, or the answer that refuses it
 */
export async function optionalJson<S extends z.ZodType>(
  c: Context<AppEnv>,
  schema: S,
): Promise<z.output<S> | Response> {
  try {
    const body = await readBody(c.req.raw, MAX_JSON_BYTES);
    const parsed = schema.safeParse(body.byteLength === 0 ? {} : parseJsonBody(body).value);
    return parsed.success ? parsed.data : refuseFields(c, parsed.error);
  } catch (error) {
    if (error instanceof Refusal) return refuseByEngine(c, error);
    throw error;
  }
}
