import { z } from "zod";
import { isEmailAddress } from "./address.rules.ts";
import { type Brand, TENSORGATE_BRAND } from "./brand.rules.ts";

const address = z.string().refine(isEmailAddress, "must be one e-mail address, such as no-reply@example.com");

const brandSchema = z.strictObject(
  {
    productName: z.string().trim().min(1).max(64),
    logoUrl: z.url({ protocol: /^https$/, error: "must start with https://" }).optional(),
    accentColor: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, "must be a colour like #1d4ed8")
      .default(TENSORGATE_BRAND.accentColor),
    supportEmail: address.optional(),
    footer: z.string().max(500).optional(),
  },
  { error: ({ code }) => (code === "invalid_type" ? "must be a JSON object" : undefined) },
);

/** The brand as JSON; empty for Tensorgate's own. */
const brandVariable = z.string().transform((text, context): Brand => {
  if (text === "") return TENSORGATE_BRAND;
  const result = brandSchema.safeParse(parseJson(text));
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    context.addIssue({ code: "custom", path, message });
  }
  return z.NEVER;
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The Worker's variables that say how e-mail leaves it, and in whose name. */
export const emailVariables = {
  EMAIL_DELIVERY: z
    .enum(["cloudflare", "outbox"], { error: "must be `cloudflare`, or `outbox` on a machine of your own" })
    .default("cloudflare"),
  EMAIL_FROM: address.or(z.literal("")).default(""),
  EMAIL_BRAND: brandVariable.prefault(""),
};
type EmailVariables = z.output<z.ZodObject<typeof emailVariables>>;

/** Whoever sends mails needs an address to send them from. */
export function requireSender({ EMAIL_DELIVERY, EMAIL_FROM }: EmailVariables, context: z.RefinementCtx): void {
  if (EMAIL_DELIVERY === "outbox" || EMAIL_FROM !== "") return;
  const message =
    "is missing: set it in wrangler.toml to an address of a domain that Cloudflare's Email Service may send for " +
    '(docs/email.md), or EMAIL_DELIVERY to "outbox" on a machine of your own';
  context.addIssue({ code: "custom", path: ["EMAIL_FROM"], message });
}

/** How e-mail leaves the Worker, and in whose name. */
export type EmailSettings = { readonly brand: Brand } & (
  | { readonly delivery: "outbox" }
  | { readonly delivery: "cloudflare"; readonly from: string }
);

export function readEmailSettings(variables: EmailVariables): EmailSettings {
  const { EMAIL_DELIVERY: delivery, EMAIL_FROM: from, EMAIL_BRAND: brand } = variables;
  return delivery === "outbox" ? { brand, delivery } : { brand, delivery, from };
}
