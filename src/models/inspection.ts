import type { EngineRefusal } from "../../engine/refusal.ts";
import type { Inspection } from "../../engine/signature.ts";

/** What became of a model's first load. */
export type Inspected =
  | { readonly kind: "accepted"; readonly inspection: Inspection }
  | { readonly kind: "refused"; readonly refusal: EngineRefusal };

/**
 * Load a model in its own isolate and read what it is.
 *
 * @throws when the isolate itself fails, as it does when the model takes more memory or time than it has
 */
export async function inspectModel(isolate: Fetcher): Promise<Inspected> {
  const response = await isolate.fetch("http://engine/inspection");
  if (response.ok) return { kind: "accepted", inspection: await response.json() };
  return { kind: "refused", refusal: await response.json() };
}
