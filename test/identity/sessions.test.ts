import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { newId } from "../../src/shared/ids.ts";
import { actsOf } from "../support/acts.ts";
import { readOutbox } from "../support/mail.ts";
import { PASSWORD, type Person, addMember, linksTo, newBrowser, newPerson, tokenOf } from "../support/people.ts";
import { addSecondFactor } from "../support/second-factors.ts";
import { call, newTenant } from "../support/tenant.ts";

const NEW_PASSWORD = "a new and longer sentence";

/** A member with a token that works. */
async function newMember(): Promise<{ ada: Person; status: () => Promise<number> }> {
  const [ada, tenant] = [await newPerson(), await newTenant()];
  await addMember(tenant.id, ada, "viewer");
  const token = await tokenOf(ada, tenant.id);
  const status = async () =>
    (await call("GET", "/v1/models", { headers: { Authorization: `Bearer ${token}` } })).status;
  expect(await status()).toBe(200);
  return { ada, status };
}

async function logIn(email: string, password = PASSWORD, own: Record<string, string> = {}) {
  const browser = newBrowser(own);
  const answer = await browser.call("POST", "/auth/sign-in/email", { email, password });
  return { ...browser, status: answer.status };
}

const listSchema = z.array(z.object({ token: z.string(), id: z.string() }));

/** Everything that ends a log-in. */
const ENDS: Record<string, (ada: Person) => Promise<unknown>> = {
  "logging out": async (ada) => await ada.call("POST", "/auth/sign-out", {}),
  "revoking it from elsewhere": async (ada) => {
    const list = listSchema.parse(await (await ada.call("GET", "/auth/list-sessions")).json());
    const other = await logIn(ada.email);
    for (const { token } of list) await other.call("POST", "/auth/revoke-session", { token });
  },
  "revoking all others": async (ada) => await (await logIn(ada.email)).call("POST", "/auth/revoke-other-sessions", {}),
  "revoking all": async (ada) => await (await logIn(ada.email)).call("POST", "/auth/revoke-sessions", {}),
  "a new password": async (ada) => {
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD, revokeOtherSessions: false };
    await (await logIn(ada.email)).call("POST", "/auth/change-password", change);
  },
  "a password that was set by mail": async (ada) => {
    const stranger = newBrowser();
    await stranger.call("POST", "/auth/request-password-reset", { email: ada.email });
    const [link = ""] = await linksTo(ada.email);
    const token = new URL(link).pathname.split("/").at(-1);
    await stranger.call("POST", "/auth/reset-password", { newPassword: NEW_PASSWORD, token });
  },
  "switching the second factor on": async (ada) => await addSecondFactor(ada),
  "deleting the account": async (ada) => {
    await (await logIn(ada.email)).call("POST", "/auth/delete-user", { password: PASSWORD });
  },
  "its end": async (ada) => {
    await env.DB.prepare("UPDATE sessions SET expires_at = 1 WHERE user_id = ?").bind(ada.id).run();
    await ada.call("GET", "/auth/get-session");
  },
};

describe("tokens of a log-in end with it", () => {
  test.each(Object.keys(ENDS))("by %s", async (end) => {
    const { ada, status } = await newMember();
    await ENDS[end]?.(ada);
    expect(await status()).toBe(401);
  });

  test("however many log-ins began before it", async () => {
    const [ada, tenant] = [await newPerson(), await newTenant()];
    await addMember(tenant.id, ada, "viewer");
    const earlier = Array.from({ length: 150 }, () =>
      env.DB.prepare(
        "INSERT INTO sessions (id, token, user_id, expires_at, created_at, updated_at) VALUES (?, ?, ?, 9e12, 0, 0)",
      ).bind(newId("ses", Date.now()), crypto.randomUUID(), ada.id),
    );
    await env.DB.batch(earlier);
    const browser = await logIn(ada.email);
    const token = await tokenOf({ ...ada, call: browser.call }, tenant.id);
    await ada.call("POST", "/auth/revoke-sessions", {});
    const answer = await call("GET", "/v1/models", { headers: { Authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(401);
  });
});

describe("sessions", () => {
  test("of others are neither listed nor revoked", async () => {
    const { ada, status } = await newMember();
    const list = listSchema.parse(await (await ada.call("GET", "/auth/list-sessions")).json());
    const eve = await newPerson("Eve");
    const seen = listSchema.parse(await (await eve.call("GET", "/auth/list-sessions")).json());
    expect(seen.map(({ id }) => id)).not.toContain(list[0]?.id);
    for (const { token } of list) await eve.call("POST", "/auth/revoke-session", { token });
    expect(await status()).toBe(200);
  });

  test("that begin are recorded with their method, and those that end with their reason", async () => {
    const ada = await newPerson();
    await ada.call("POST", "/auth/sign-out", {});
    const { results } = await env.DB.prepare(
      "SELECT act, after, user_agent AS agent, request_id AS request FROM audit_events WHERE actor_id = ? ORDER BY id",
    )
      .bind(ada.id)
      .all();
    expect(results.map(({ act }) => act)).toEqual([
      "person.signed_up",
      "person.verified_address",
      "person.logged_in",
      "person.logged_out",
    ]);
    expect(results[2]).toMatchObject({
      after: '{"method":"password"}',
      agent: expect.stringContaining("Firefox"),
      request: expect.stringMatching(/^req_/),
    });
  });

  test("that begin on a new device are told to their owner, and those on a known one are not", async () => {
    const ada = await newPerson();
    const place = {
      "CF-Connecting-IP": "2001:db8:1:2::3",
      "User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X) Safari/605",
    };
    const mails = async () => (await readOutbox(ada.email)).filter(({ template }) => template === "new-log-in");
    expect(await mails()).toHaveLength(0);
    await logIn(ada.email, PASSWORD, place);
    expect(await mails()).toHaveLength(1);
    expect((await mails())[0]?.text).toContain("Safari on macOS");
    await logIn(ada.email, PASSWORD, { ...place, "CF-Connecting-IP": "2001:db8:1:2:ffff::1" });
    expect(await mails()).toHaveLength(1);
  });
});

test("a new password takes the place of the old one, and is told to the owner", async () => {
  const ada = await newPerson();
  const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
  expect((await ada.call("POST", "/auth/change-password", change)).status).toBe(200);
  expect((await logIn(ada.email)).status).toBe(401);
  expect((await logIn(ada.email, NEW_PASSWORD)).status).toBe(200);
  expect(await actsOf(ada.id)).toContain("person.changed_password");
  expect((await readOutbox(ada.email)).map(({ template }) => template)).toContain("password-changed");
});
