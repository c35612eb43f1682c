/** What may happen to an answer on its way from a cell to the Worker. */
import { z } from "zod";

import { type Random, wholeBetween } from "./random.ts";

/** How many of a thousand answers meet each fault. */
export const faultRatesSchema = z.object({
  seed: z.number(),
  /** Lost: the call was made, and its caller learns that the connection broke. */
  droppedPerMille: z.number(),
  /** Held back for a moment. */
  delayedPerMille: z.number(),
  /** Held back for longer than the Worker waits. */
  latePerMille: z.number(),
});
export type FaultRates = z.infer<typeof faultRatesSchema>;

export const faultCountsSchema = z.object({ dropped: z.number(), delayed: z.number() });
/** Answers that met a fault. */
export type FaultCounts = z.infer<typeof faultCountsSchema>;

export type Fault =
  | { readonly kind: "none" }
  | { readonly kind: "dropped" }
  | { readonly kind: "delayed"; readonly delayMs: number };

/** A trip to the cell counts as lost after 5 s (src/admission/admission.service.ts). */
const LATE_MS = 6_000;
const MAX_DELAY_MS = 200;

/** Draw what becomes of the next answer. */
export function drawFault({ droppedPerMille, delayedPerMille, latePerMille }: FaultRates, random: Random): Fault {
  const drawn = random() * 1000;
  if (drawn < droppedPerMille) return { kind: "dropped" };
  if (drawn < droppedPerMille + latePerMille) return { kind: "delayed", delayMs: LATE_MS };
  if (drawn >= droppedPerMille + latePerMille + delayedPerMille) return { kind: "none" };
  return { kind: "delayed", delayMs: wholeBetween(random, 1, MAX_DELAY_MS) };
}
