import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import type { Delivery } from "./mailer.ts";
import { addToOutbox } from "./outbox.store.ts";

/** Keep mails in D1 instead of sending them, for /dev/outbox to show. */
export function outboxDelivery(db: () => Database, now: Clock): Delivery {
  return async ({ to, template, subject, text, html }) => {
    await addToOutbox(db(), { sentAtMs: now(), recipient: to, template, subject, text, html });
  };
}
