import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { OVERLAP_SECONDS, type SigningKey } from "./signing-keys.rules.ts";

export const signingKeySchema = z
  .object({
    kid: z.string().openapi({ example: "01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    state: z.enum(["next", "signing", "retired", "expired"]).openapi({
      description:
        "`next`: published, and not used yet; `retired`: its tokens are believed until `verifies_until`; `expired`: no longer.",
    }),
    signs_from: timestamp,
    signs_until: timestamp.nullable(),
    verifies_until: timestamp.nullable(),
  })
  .openapi("SigningKey");

/** A key as the API shows it: never either half. */
export function presentSigningKey({ kid, state, signsFromMs, signsUntilMs }: SigningKey) {
  return {
    kid,
    state,
    signs_from: toTimestamp(signsFromMs),
    signs_until: signsUntilMs === null ? null : toTimestamp(signsUntilMs),
    verifies_until: signsUntilMs === null ? null : toTimestamp(signsUntilMs + OVERLAP_SECONDS * 1000),
  };
}
