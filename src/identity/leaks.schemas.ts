import { z } from "@hono/zod-openapi";

/** Secrets of one report. A reporter with more sends several. */
const MAX_LEAKS = 100;

/** A report as GitHub sends it. @see https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partner-program */
export const leaksSchema = z
  .array(
    z.object({
      token: z.string().max(4096).openapi({ description: "The secret as it was found." }),
      type: z.string().max(200).openapi({ example: "tensorgate_api_key" }),
      url: z.string().max(4096).default("").openapi({ description: "Where it was found." }),
      source: z.string().max(200).default("").openapi({ example: "content" }),
    }),
  )
  .max(MAX_LEAKS)
  .openapi("LeakedSecrets");

/** What became of it, in the words of that programme. */
export const verdictsSchema = z
  .array(
    z.object({
      token_hash: z.string().openapi({ description: "SHA-256 of the secret, hexadecimal." }),
      token_type: z.string(),
      label: z.enum(["true_positive", "false_positive"]),
    }),
  )
  .openapi("LeakVerdicts");
