import { z } from "@hono/zod-openapi";
import { isDatatype } from "../../engine/datatypes.ts";
import { checkServerUrl } from "./backend.rules.ts";

/** A tenant's own inference server as the API takes it. */
export const newBackendSchema = z
  .strictObject({
    url: z
      .string()
      .max(2000)
      .transform((text, context) => {
        const checked = checkServerUrl(text);
        if ("url" in checked) return checked.url;
        context.addIssue({ code: "custom", message: checked.fault });
        return z.NEVER;
      })
      .openapi({ type: "string", format: "uri", example: "https://triton.example.com" }),
    model: z.string().min(1).max(255).openapi({ description: "The model's name there.", example: "resnet50" }),
    authorization: z
      .string()
      .regex(/^[\x20-\x7e]{1,4096}$/, "must be 1 to 4096 printable characters")
      .optional()
      .openapi({
        description: "The value of the Authorization header; kept encrypted, never shown.",
        example: "Bearer nvapi-2f9c",
      }),
  })
  .openapi("NewBackend");

export type NewBackend = z.output<typeof newBackendSchema>;

const tensor = z.object({
  name: z.string(),
  datatype: z.string().refine(isDatatype, "is no datatype of the inference protocol"),
  shape: z.array(z.coerce.number().int().min(-1)),
});

/** What a server of the Open Inference Protocol says of a model. Some write sizes as strings. */
export const serverMetadataSchema = z.object({
  name: z.string(),
  platform: z.string().default(""),
  inputs: z.array(tensor).min(1),
  outputs: z.array(tensor).min(1),
});
