import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../http/context.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { toTimestamp } from "../shared/clock.ts";
import { emailPage, outboxPage } from "./outbox.page.ts";
import { findInOutbox, listOutbox } from "./outbox.store.ts";
import { linksIn } from "./wording.rules.ts";

/** What the pages may do, and the mails in them: be looked at. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Where mails are sent, nothing under /dev exists. */
const whereMailsAreKept = createMiddleware<AppEnv>(async (c, next) => {
  if (c.var.services.config.email.delivery !== "outbox") {
    return problem(c, "route-not-found", `There is no route ${c.req.path}.`);
  }
  await next();
  c.res.headers.set("Content-Security-Policy", CONTENT_SECURITY_POLICY);
  c.res.headers.set("Referrer-Policy", "no-referrer");
  return undefined;
});

/** The mails of a developer's machine. Whoever reaches these routes can read every link: they ask for no credential. */
export const outboxRoutes = createRouter();

outboxRoutes.use("/dev/*", whereMailsAreKept);

outboxRoutes.get("/dev/outbox", async (c) => c.html(outboxPage(await listOutbox(c.var.services.db))));

outboxRoutes.get("/dev/outbox.json", async (c) => {
  const emails = await listOutbox(c.var.services.db, c.req.query("to"));
  const data = emails.map(({ number, sentAtMs, recipient, template, subject, text }) => ({
    number,
    sent_at: toTimestamp(sentAtMs),
    to: recipient,
    template,
    subject,
    text,
    links: linksIn(text),
  }));
  return c.json({ data });
});

outboxRoutes.get("/dev/outbox/:number", async (c) => {
  const number = c.req.param("number");
  const email = /^\d{1,15}$/.test(number) ? await findInOutbox(c.var.services.db, Number(number)) : undefined;
  if (!email) return problem(c, "route-not-found", `The outbox has no e-mail ${number}.`);
  return c.html(emailPage(email));
});
