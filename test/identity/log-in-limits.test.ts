import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { withStoppedClock } from "../support/clock.ts";
import { newAddress, readOutbox } from "../support/mail.ts";
import { PASSWORD, newAddressOfNetwork, newBrowser, newPerson, tokenOf, addMember } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant } from "../support/tenant.ts";

const MORNING = "2036-11-21T09:30:10.000Z";
const ORIGIN = "http://tensorgate.test";

/** Call the authorization server as often, each time from another network unless one is given, and tell the statuses. */
async function statusesOf(times: number, path: string, json: unknown, network?: string): Promise<number[]> {
  const statuses = [];
  for (let time = 0; time < times; time++) {
    const browser = newBrowser(network === undefined ? {} : { "CF-Connecting-IP": network });
    statuses.push((await browser.call("POST", path, json)).status);
  }
  return statuses;
}

function count(statuses: readonly number[], status: number): number {
  return statuses.filter((each) => each === status).length;
}

describe("logging in with a password", () => {
  test("is locked after five wrong ones from one network, for who has an account and who has none alike", async () => {
    await withStoppedClock(MORNING, async (clock) => {
      const ada = await newPerson();
      for (const email of [ada.email, newAddress()]) {
        const network = newAddressOfNetwork();
        const wrong = { email, password: "not my password" };
        expect(await statusesOf(6, "/auth/sign-in/email", wrong, network)).toEqual([401, 401, 401, 401, 401, 429]);
        const browser = newBrowser({ "CF-Connecting-IP": network });
        const refused = await browser.call("POST", "/auth/sign-in/email", { email, password: PASSWORD });
        expect(refused.headers.get("Retry-After")).toBe("60");
        expect(await refused.json()).toMatchObject({ code: "ATTEMPTS_LOCKED" });
      }
      const [mail] = await readOutbox(ada.email);
      expect(mail?.template).toBe("locked-out");
      clock.advanceMs(61_000);
      expect(
        (await newBrowser().call("POST", "/auth/sign-in/email", { email: ada.email, password: PASSWORD })).status,
      ).toBe(200);
    });
  });

  test("forgets wrong ones when somebody is let in", async () => {
    const ada = await newPerson();
    const network = newAddressOfNetwork();
    const wrong = { email: ada.email, password: "not my password" };
    for (let round = 0; round < 2; round++) {
      expect(await statusesOf(4, "/auth/sign-in/email", wrong, network)).toEqual([401, 401, 401, 401]);
      const right = { email: ada.email, password: PASSWORD };
      expect(await statusesOf(1, "/auth/sign-in/email", right, network)).toEqual([200]);
    }
  });

  test("counts an address however it is written", async () => {
    const email = newAddress();
    const network = newAddressOfNetwork();
    for (const written of [email, email.toUpperCase(), ` ${email}`, email, email.toUpperCase()]) {
      await statusesOf(1, "/auth/sign-in/email", { email: written, password: "not my password" }, network);
    }
    const again = { email, password: "not my password" };
    expect(await statusesOf(2, "/auth/sign-in/email", again, network)).toContain(429);
  });
});

test("each kind of attempt has its limit per account, from however many networks", async () => {
  const email = newAddress();
  expect(count(await statusesOf(6, "/auth/sign-up/email", { email, name: "Ada", password: PASSWORD }), 429)).toBe(1);
  expect(count(await statusesOf(6, "/auth/request-password-reset", { email }), 429)).toBe(1);
  const ada = await newPerson();
  const changes = [];
  for (let time = 0; time < 6; time++) {
    changes.push((await ada.call("POST", "/auth/change-email", { newEmail: email })).status);
  }
  expect(changes).toEqual([200, 200, 200, 200, 200, 429]);
});

test("each kind of attempt has its limit per network, on however many accounts", async () => {
  const network = newAddressOfNetwork();
  const reset = { newPassword: PASSWORD, token: "guessed" };
  expect(await statusesOf(21, "/auth/reset-password", reset, network)).toEqual([...Array(20).fill(400), 429]);
});

test("what asks for a password again is limited as logging in is: a stolen session guesses no password", async () => {
  const ada = await newPerson();
  const statuses = [];
  for (let time = 0; time < 6; time++) {
    statuses.push((await ada.call("POST", "/auth/two-factor/enable", { password: "not my password" })).status);
  }
  expect(statuses).toEqual([400, 400, 400, 400, 400, 429]);
});

test("tokens are limited per person", async () => {
  const [ada, tenant] = [await newPerson(), await newTenant()];
  await addMember(tenant.id, ada, "viewer");
  await tokenOf(ada, tenant.id);
  const statuses = [];
  for (let time = 0; time < 60; time++) {
    statuses.push((await ada.call("POST", "/auth/tenant-token", { tenant_id: tenant.id })).status);
  }
  expect(count(statuses, 429)).toBe(1);
});

describe("a body", () => {
  test("that is larger than 64 KiB is refused, whether its length is told or not", async () => {
    const body = JSON.stringify({ email: newAddress(), password: "x".repeat(64 * 1024) });
    const headers = { "Content-Type": "application/json", Origin: ORIGIN };
    const told = await call("POST", "/auth/sign-in/email", {
      body,
      headers: { ...headers, "Content-Length": String(body.length) },
    });
    await expectProblem(told, 413, "body-too-large");
    await expectProblem(await call("POST", "/auth/sign-in/email", { body, headers }), 413, "body-too-large");
  });

  test.each([
    ["no JSON", "{", "application/json", 400],
    ["nothing", "", "application/json", 400],
    ["an array", "[]", "application/json", 400],
    ["null", "null", "application/json", 400],
    ["other types", '{"email":{"a":1},"password":[]}', "application/json", 400],
    ["a form", "email=a%40example.com&password=x", "application/x-www-form-urlencoded", 415],
    ["plain text", '{"email":"a@example.com","password":"x"}', "text/plain", 415],
  ])("that is %s is refused, and is no fault of ours", async (_what, body, type, status) => {
    const headers = { "CF-Connecting-IP": newAddressOfNetwork(), "Content-Type": type, Origin: ORIGIN };
    expect((await call("POST", "/auth/sign-in/email", { body, headers })).status).toBe(status);
  });

  test("whose password is too long to be hashed cheaply is refused before it is", async () => {
    const body = { email: newAddress(), password: "x".repeat(129) };
    expect(await statusesOf(1, "/auth/sign-in/email", body)).toEqual([400]);
  });
});

test("attempts leave neither an address nor an e-mail behind for who has no account", async () => {
  const email = newAddress();
  await statusesOf(1, "/auth/sign-in/email", { email, password: "not my password" });
  const { results } = await env.DB.prepare("SELECT * FROM audit_events WHERE act = 'person.failed_to_log_in'").all();
  expect(results.length).toBeGreaterThan(0);
  expect(JSON.stringify(results)).not.toContain(email);
});
