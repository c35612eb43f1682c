import type { Brand } from "./brand.rules.ts";
import type { Delivery } from "./mailer.ts";
import { nameInHeader } from "./wording.rules.ts";

/**
 * Hand mails to Cloudflare's Email Service, which writes the headers from fields, never from text of ours.
 *
 * @param from  an address of a domain that the service may send for
 * @see https://developers.cloudflare.com/email-service/api/send-emails/workers-api/
 */
export function cloudflareDelivery(binding: SendEmail, from: string, { productName }: Brand): Delivery {
  const sender = { email: from, name: nameInHeader(productName) };
  return async ({ to, subject, text, html }) => {
    await binding.send({ from: sender, to, subject, text, html });
  };
}
