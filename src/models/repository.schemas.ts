import { z } from "@hono/zod-openapi";

/** What a client may ask of the index. */
export const indexRequestSchema = z
  .strictObject({ ready: z.boolean().default(false).openapi({ description: "Only what is ready." }) })
  .openapi("RepositoryIndexRequest", { example: { ready: true } });

const NO_OVERRIDE = "a model is loaded as it was uploaded: upload a version instead of giving a configuration or files";

/** What a client may ask when it loads a model. Triton takes a configuration and files here. */
export const loadRequestSchema = z
  .strictObject({
    parameters: z.record(z.string(), z.unknown()).default({}),
  })
  .refine(({ parameters }) => Object.keys(parameters).length === 0, { path: ["parameters"], message: NO_OVERRIDE })
  .openapi("RepositoryLoadRequest", { example: {} });

/** What a client may ask when it unloads a model. No model depends on another, so dependents are none. */
export const unloadRequestSchema = z
  .strictObject({
    parameters: z.strictObject({ unload_dependents: z.boolean().optional() }).default({}),
  })
  .openapi("RepositoryUnloadRequest", { example: { parameters: { unload_dependents: false } } });

export const repositoryIndexSchema = z
  .array(
    z.object({
      name: z.string(),
      version: z.string().openapi({ description: "Empty where no version was uploaded." }),
      state: z.enum(["READY", "UNAVAILABLE"]),
      reason: z.string().openapi({ description: "Why it is not ready; empty where it is." }),
    }),
  )
  .openapi("RepositoryIndex", { example: [{ name: "iris", version: "1", state: "READY", reason: "" }] });

/** One version of a model, or a model without any. */
export interface RepositoryEntry {
  readonly name: string;
  readonly loaded: boolean;
  readonly number: number | null;
  readonly retiredAtMs: number | null;
}

/** An entry of the index. */
export function presentEntry(entry: RepositoryEntry): z.infer<typeof repositoryIndexSchema>[number] {
  const reason = unreadyReason(entry);
  const version = entry.number === null ? "" : String(entry.number);
  return { name: entry.name, version, state: reason === "" ? "READY" : "UNAVAILABLE", reason };
}

function unreadyReason({ loaded, number, retiredAtMs }: RepositoryEntry): string {
  if (!loaded) return "unloaded";
  if (number === null) return "no version was uploaded";
  return retiredAtMs === null ? "" : "retired";
}
