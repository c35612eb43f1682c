import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { replaced } from "../support/faulty.ts";
import { PRODUCTION, newAddress, readOutbox, watchedBinding, withMailer } from "../support/mail.ts";
import { invitationTo, messagesTo } from "../support/messages.ts";
import { HOSTILE_ADDRESSES, HOSTILE_NAMES, isPrintable } from "./hostile.ts";

/** What is logged meanwhile. */
async function logOf(run: () => Promise<unknown>): Promise<string> {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    await run();
    return JSON.stringify(log.mock.calls);
  } finally {
    log.mockRestore();
  }
}

describe("in production", () => {
  test("a mail is handed to Cloudflare's binding as fields: sender, one address, subject, text and HTML", async () => {
    const { binding, handed } = watchedBinding();
    const sending = withMailer({ ...PRODUCTION, EMAIL: binding }, async (mailer) => {
      return await mailer.send(invitationTo("ada@example.com"));
    });
    expect(await sending).toBe("sent");
    expect(handed).toEqual([
      {
        from: { email: "no-reply@example.com", name: "Tensorgate" },
        to: "ada@example.com",
        subject: "Ada invites you to “Acme” on Tensorgate",
        text: expect.stringContaining("https://tensorgate.test/go?token=secret-token"),
        html: expect.stringContaining('href="https://tensorgate.test/go?token=secret-token"'),
      },
    ]);
  });

  test("the binding as workerd has it takes a mail of every template", async () => {
    const sendings = await withMailer(PRODUCTION, async (mailer) => {
      const sent: string[] = [];
      for (const message of messagesTo("ada@example.com")) sent.push(await mailer.send(message));
      return sent;
    });
    expect(new Set(sendings)).toEqual(new Set(["sent"]));
  });

  test("nothing is kept in the outbox", async () => {
    const to = newAddress();
    const { binding } = watchedBinding();
    await withMailer({ ...PRODUCTION, EMAIL: binding }, async (mailer) => await mailer.send(invitationTo(to)));
    expect(await readOutbox(to)).toEqual([]);
  });

  test("the brand's name is the sender's, without what means something in a header", async () => {
    const { binding, handed } = watchedBinding();
    const EMAIL_BRAND = JSON.stringify({ productName: "Acme, Inc.\r\nBcc: <b@evil.example>" });
    await withMailer({ ...PRODUCTION, EMAIL: binding, EMAIL_BRAND }, async (mailer) => {
      await mailer.send(invitationTo("ada@example.com"));
    });
    expect(handed[0]?.from).toEqual({ email: "no-reply@example.com", name: "Acme Inc. Bcc b evil.example" });
  });
});

describe("header injection", () => {
  test.each(HOSTILE_ADDRESSES)("the address %j is refused before anything is handed over or kept", async (address) => {
    const { binding, handed } = watchedBinding();
    const log = await logOf(async () => {
      for (const other of [{ ...PRODUCTION, EMAIL: binding }, {}]) {
        const sending = await withMailer(other, async (mailer) => await mailer.send(invitationTo(address)));
        expect(sending).toBe("address-refused");
      }
    });
    expect(handed).toEqual([]);
    expect(await readOutbox(address)).toEqual([]);
    expect(log).toContain("invitation");
    expect(log).not.toContain("evil");
  });

  test.each(HOSTILE_NAMES)("the name %j adds no header, no recipient and no line to the subject", async (name) => {
    const { binding, handed } = watchedBinding();
    const message = invitationTo("ada@example.com", { inviter: name, organisation: name, role: name });
    await withMailer({ ...PRODUCTION, EMAIL: binding }, async (mailer) => await mailer.send(message));
    const [mail] = handed;
    expect(Object.keys(mail ?? {}).toSorted()).toEqual(["from", "html", "subject", "text", "to"]);
    expect(mail?.to).toBe("ada@example.com");
    const subject = mail && "subject" in mail ? mail.subject : "";
    expect(isPrintable(subject)).toBe(true);
    expect(subject.length).toBeGreaterThan(0);
    expect(subject.length).toBeLessThanOrEqual(150);
  });
});

describe("a mail that fails", () => {
  const failing = replaced(env.EMAIL, "send", async () => {
    await Promise.resolve();
    const quoted = "no such sender, for ada@example.com: https://tensorgate.test/go?token=secret-token";
    throw Object.assign(new Error(quoted), { code: "E_SENDER_NOT_VERIFIED" });
  });

  test("throws nothing, and the log names its template and the code, and neither its link nor its reader", async () => {
    const log = await logOf(async () => {
      const sending = await withMailer({ ...PRODUCTION, EMAIL: failing }, async (mailer) => {
        return await mailer.send(invitationTo("ada@example.com"));
      });
      expect(sending).toBe("failed");
    });
    expect(log).toContain('"template":"invitation","reason":"E_SENDER_NOT_VERIFIED"');
    expect(log).not.toMatch(/secret-token|ada@example/);
  });

  test("is one whose link is none, which the log doesn't tell either", async () => {
    const to = newAddress();
    const log = await logOf(async () => {
      const message = invitationTo(to, { url: "javascript:alert('secret-token')" });
      expect(await withMailer({}, async (mailer) => await mailer.send(message))).toBe("failed");
    });
    expect(log).toContain("invitation");
    expect(log).not.toContain("secret-token");
    expect(await readOutbox(to)).toEqual([]);
  });

  test("is one that the outbox can't take, and the log doesn't quote it", async () => {
    const DB = replaced(env.DB, "batch", async () => {
      await Promise.resolve();
      throw new Error("D1_ERROR: secret-token");
    });
    const log = await logOf(async () => {
      const sending = await withMailer({ DB }, async (mailer) => await mailer.send(invitationTo(newAddress())));
      expect(sending).toBe("failed");
    });
    expect(log).not.toContain("secret-token");
  });

  test("after the response is as silent, and in the log", async () => {
    const log = await logOf(async () => {
      await withMailer({ ...PRODUCTION, EMAIL: failing }, async (mailer) => {
        mailer.sendLater(invitationTo("ada@example.com"));
        await Promise.resolve();
      });
    });
    expect(log).toContain("E_SENDER_NOT_VERIFIED");
  });
});

test("a mail that is sent later is sent once the response is out", async () => {
  const to = newAddress();
  await withMailer({}, async (mailer) => {
    mailer.sendLater(invitationTo(to));
    await Promise.resolve();
  });
  expect(await readOutbox(to)).toHaveLength(1);
});
