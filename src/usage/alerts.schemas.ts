import { z } from "@hono/zod-openapi";
import { UNITS } from "../admission/policies.rules.ts";
import { WINDOWS } from "../admission/windows.rules.ts";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { type Alert, THRESHOLD_REACHED } from "./alerts.rules.ts";
import { limitedShape } from "./current.schemas.ts";

const count = z.number().int();

export const alertSchema = z
  .object({
    id: z.string().openapi({ example: "evt_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    type: z.literal(THRESHOLD_REACHED),
    at: timestamp,
    policy: z.string().openapi({ description: "The quota's name.", example: "inferences-month" }),
    ...limitedShape,
    unit: z.enum(UNITS),
    window: z.enum(WINDOWS),
    window_start: timestamp,
    percent: count.openapi({ description: "50, 80, 90 or 100.", example: 80 }),
    used: count.openapi({ description: "What was used then." }),
    limit: count.openapi({ description: "What the limit was then." }),
    soft: z.boolean(),
  })
  .openapi("UsageAlert");

/** An alert as the API shows it. */
export function presentAlert({ id, atMs, body }: Alert): z.infer<typeof alertSchema> {
  return { id, type: THRESHOLD_REACHED, at: toTimestamp(atMs), ...body };
}
