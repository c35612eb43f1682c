import { z } from "@hono/zod-openapi";
import { type Serving, type Traffic, faultOfWeights } from "../admission/traffic.rules.ts";

const weights = z
  .record(z.string(), z.number())
  .openapi({ description: "Percent by version; they sum to 100.", example: { "1": 90, "2": 10 } });

export const newTrafficSchema = z
  .strictObject({
    weights: weights.superRefine((given, context) => {
      const fault = faultOfWeights(given);
      if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
    }),
  })
  .openapi("NewTraffic");

export const promotionSchema = z
  .strictObject({ version: z.number().int().min(1).openapi({ example: 2 }) })
  .openapi("Promotion");

export const servingSchema = z
  .object({
    model: z.string(),
    production: z
      .number()
      .int()
      .nullable()
      .openapi({ description: "What the alias production points at.", example: 1 }),
    weights: weights.nullable().openapi({ description: "Null when production serves everybody." }),
  })
  .openapi("Serving");

/** What serves callers who name no version, as the API shows it. */
export function presentServing(model: string, serving: Serving | undefined) {
  return { model, production: serving?.version ?? null, weights: copyOf(serving?.traffic) };
}

function copyOf(traffic: Traffic | null | undefined): Record<string, number> | null {
  return traffic ? { ...traffic } : null;
}
