import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { OUTBOX_CAPACITY } from "../../src/email/outbox.store.ts";
import worker from "../../src/index.ts";
import { PRODUCTION, environmentWith, newAddress, readOutbox, watchedBinding, withMailer } from "../support/mail.ts";
import { invitationTo, messagesTo } from "../support/messages.ts";
import { expectProblem } from "../support/problem.ts";
import { allRoutes, fillPath } from "../support/routes.ts";
import { call, requestOf } from "../support/tenant.ts";

/** Keep a mail in the outbox. @returns its number */
async function keep(...message: Parameters<typeof invitationTo>): Promise<number> {
  await withMailer({}, async (mailer) => await mailer.send(invitationTo(...message)));
  const [email] = await readOutbox(message[0]);
  return email?.number ?? -1;
}

const read = async (path: string): Promise<string> => await (await call("GET", path)).text();

describe("where mails are sent, not kept", () => {
  const routes = allRoutes().filter(({ path }) => path.startsWith("/dev/"));

  test.each(["GET", "HEAD", "POST", "DELETE"])(
    "no route under /dev is there for %s, credentials or not",
    async (method) => {
      const number = await keep(newAddress());
      expect(routes).toHaveLength(3);
      for (const { path } of [...routes, { path: "/dev/" }, { path: "/dev/outbox/" }]) {
        for (const headers of [{}, { Authorization: `Bearer ${env.ADMIN_TOKEN}` }]) {
          const request = requestOf(method, fillPath(path, { number: String(number) }), { headers });
          const context = createExecutionContext();
          const { binding } = watchedBinding();
          const response = await worker.fetch(request, environmentWith({ ...PRODUCTION, EMAIL: binding }), context);
          await waitOnExecutionContext(context);
          expect(response.status).toBe(404);
          expect(await response.text()).toMatch(method === "HEAD" ? /^$/ : /"code":"route-not-found"/);
        }
      }
    },
  );
});

describe("/dev/outbox.json", () => {
  test("tells each mail's address, subject, text and links, the newest first", async () => {
    const to = newAddress();
    for (const message of messagesTo(to).slice(0, 2)) {
      await withMailer({}, async (mailer) => await mailer.send(message));
    }
    const [newest, oldest, ...others] = await readOutbox(to);
    expect(others).toEqual([]);
    expect(newest).toMatchObject({ to, template: "welcome", subject: "Welcome to Tensorgate" });
    expect(oldest).toMatchObject({
      to,
      template: "verify-address",
      subject: "Confirm your e-mail address for Tensorgate",
      text: expect.stringContaining("Confirm address:\nhttps://tensorgate.test/go?token=secret-token\n"),
      links: ["https://tensorgate.test/go?token=secret-token"],
    });
  });

  test("tells those to one address, or all", async () => {
    const [one, other] = [newAddress(), newAddress()];
    await keep(one);
    await keep(other);
    expect((await readOutbox(one)).map(({ to }) => to)).toEqual([one]);
    const all = await read("/dev/outbox.json");
    expect(all).toContain(one);
    expect(all).toContain(other);
  });
});

describe("/dev/outbox", () => {
  test("lists the mails, the newest first, with what somebody chose escaped", async () => {
    const [first, second] = [newAddress(), newAddress()];
    await keep(first);
    await keep(second, { inviter: "<script>alert(1)</script>" });
    const page = await read("/dev/outbox");
    expect(page.indexOf(second)).toBeGreaterThan(0);
    expect(page.indexOf(second)).toBeLessThan(page.indexOf(first));
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt; invites you");
    expect(page).not.toContain("<script");
  });

  test("opens each mail as text, with its links to be followed, and as HTML in a frame that runs nothing", async () => {
    const number = await keep(newAddress());
    const page = await read(`/dev/outbox/${number}`);
    expect(page).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    expect(page).toContain('srcdoc="&lt;!doctype html&gt;');
    expect(page).toContain('<a href="https://tensorgate.test/go?token=secret-token" target="_blank"');
  });

  test("lets nothing run, be framed, or learn where a link was followed from", async () => {
    const number = await keep(newAddress());
    for (const path of ["/dev/outbox", `/dev/outbox/${number}`]) {
      const { headers } = await call("GET", path);
      const policy = headers.get("Content-Security-Policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain("script-src");
      expect(headers.get("Referrer-Policy")).toBe("no-referrer");
      expect(headers.get("Content-Type")).toBe("text/html; charset=UTF-8");
    }
  });

  test.each(["0", "-1", "1.5", "1e3", "999999999999999", "9".repeat(400), "x", "%27%20OR%201=1", "%00"])(
    "has no mail %s",
    async (number) => {
      await expectProblem(await call("GET", `/dev/outbox/${number}`), 404, "route-not-found");
    },
  );

  test(`keeps the newest ${OUTBOX_CAPACITY} mails`, async () => {
    const to = newAddress();
    const first = await keep(to);
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO outbox_emails (sent_at_ms, recipient, template, subject, text, html) SELECT i, 'x', 'x', 'x', 'x', 'x' FROM n`,
    )
      .bind(OUTBOX_CAPACITY - 2)
      .run();
    await keep(newAddress());
    expect((await readOutbox(to)).map(({ number }) => number)).toEqual([first]);
    await keep(newAddress());
    expect(await readOutbox(to)).toEqual([]);
    const kept = await env.DB.prepare("SELECT count(*) AS rows FROM outbox_emails").first<number>("rows");
    expect(kept).toBe(OUTBOX_CAPACITY);
  });
});
