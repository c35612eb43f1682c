import { z } from "@hono/zod-openapi";
import { isOriginPattern } from "../admission/origins.rules.ts";

const MAX_ORIGINS = 100;
const FORM = "must be an origin like https://app.example.com, all subdomains like https://*.example.com, or *";

/** Origins as the API takes and shows them; one that is given twice is kept once. */
export const allowedOriginsSchema = z
  .array(z.string().refine(isOriginPattern, FORM))
  .max(MAX_ORIGINS)
  .transform((origins) => [...new Set(origins)])
  .openapi({
    description:
      "Pages of which origins may call, in the form in which browsers send them: lower case, without a path. `https://*.example.com` " +
      "means all subdomains, but not example.com itself; `*` means any page.",
    example: ["https://app.example.com", "https://*.example.com"],
  });

export const corsSchema = z.strictObject({ allowed_origins: allowedOriginsSchema }).openapi("Cors");
