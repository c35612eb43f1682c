import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { z } from "zod";
import type { Mailer } from "../../src/email/mailer.ts";
import { createServices } from "../../src/services.ts";
import { replaced } from "./faulty.ts";
import { call, requestOf } from "./tenant.ts";

/** Variables and bindings as another deployment has them. */
export interface OtherEnvironment {
  readonly EMAIL_DELIVERY?: string;
  readonly EMAIL_FROM?: string;
  readonly EMAIL_BRAND?: string;
  readonly EMAIL?: SendEmail;
  readonly DB?: D1Database;
}

/** How production is configured. */
export const PRODUCTION = { EMAIL_DELIVERY: "cloudflare", EMAIL_FROM: "no-reply@example.com" } as const;

/** The environment of the tests, otherwise in these. */
export function environmentWith(other: OtherEnvironment): Env {
  return Object.assign({}, env, other);
}

/** Let the mailer of a deployment do something, and wait for what it does after the response. */
export async function withMailer<Result>(
  other: OtherEnvironment,
  run: (mailer: Mailer) => Promise<Result>,
): Promise<Result> {
  const context = createExecutionContext();
  const services = createServices(environmentWith(other), requestOf("GET", "/"), (promise) =>
    context.waitUntil(promise),
  );
  const result = await run(services.mailer);
  await waitOnExecutionContext(context);
  return result;
}

/** What Cloudflare's binding is handed. */
type Handed = Parameters<SendEmail["send"]>[0];

/** The binding, with a list of what it was handed. */
export function watchedBinding(): { binding: SendEmail; handed: Handed[] } {
  const handed: Handed[] = [];
  const binding = replaced(env.EMAIL, "send", async (message: Handed) => {
    handed.push(message);
    return await Promise.resolve({ messageId: "<1@example.com>" });
  });
  return { binding, handed };
}

const outboxSchema = z.object({
  data: z.array(
    z.object({
      number: z.number(),
      sent_at: z.string(),
      to: z.string(),
      template: z.string(),
      subject: z.string(),
      text: z.string(),
      links: z.array(z.string()),
    }),
  ),
});

/** The mails to one address, as /dev/outbox.json tells them, the newest first. */
export async function readOutbox(to: string) {
  const response = await call("GET", `/dev/outbox.json?to=${encodeURIComponent(to)}`);
  return outboxSchema.parse(await response.json()).data;
}

/** An address that no other test writes to. */
export function newAddress(): string {
  return `${crypto.randomUUID()}@example.com`;
}
