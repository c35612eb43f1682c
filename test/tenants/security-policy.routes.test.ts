import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { withStoppedClock } from "../support/clock.ts";
import { PASSWORD, type Person, addMember, newBrowser, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { addSecondFactor } from "../support/second-factors.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const MORNING = "2036-11-21T09:30:10.000Z";
const HOUR_MS = 3_600_000;

async function newMember(policy: unknown): Promise<{ ada: Person; tenant: TestTenant }> {
  const [ada, tenant] = [await newPerson(), await newTenant()];
  await addMember(tenant.id, ada, "viewer");
  expect((await tenant.call("PUT", "/v1/security-policy", { json: policy })).status).toBe(200);
  return { ada, tenant };
}

async function tokenStatus(ada: Pick<Person, "call">, tenant: TestTenant): Promise<[number, unknown]> {
  const answer = await ada.call("POST", "/auth/tenant-token", { tenant_id: tenant.id });
  return [answer.status, await answer.json()];
}

describe("/v1/security-policy", () => {
  test("asks for nothing until it is told to, and is replaced as a whole", async () => {
    const tenant = await newTenant();
    const read = async () => await (await tenant.call("GET", "/v1/security-policy")).json();
    expect(await read()).toEqual({});
    const policy = {
      min_password_characters: 14,
      requires_second_factor: true,
      max_session_hours: 12,
      max_idle_minutes: 60,
    };
    await tenant.call("PUT", "/v1/security-policy", { json: policy });
    expect(await read()).toEqual(policy);
    await tenant.call("PUT", "/v1/security-policy", { json: { max_idle_minutes: 30 } });
    expect(await read()).toEqual({ max_idle_minutes: 30 });
    const audited = await env.DB.prepare(
      "SELECT after FROM audit_events WHERE tenant_id = ? AND act = 'organization.changed' ORDER BY id",
    )
      .bind(tenant.id)
      .all<{ after: string }>();
    expect(audited.results.map((row): unknown => JSON.parse(row.after))).toEqual([
      { security_policy: policy },
      { security_policy: { max_idle_minutes: 30 } },
    ]);
  });

  test.each([
    { min_password_characters: 9 },
    { min_password_characters: 65 },
    { max_session_hours: 0 },
    { max_idle_minutes: 4 },
    { requires_second_factor: "yes" },
    { max_session_hours: 1.5 },
    { else: 1 },
  ])("refuses %j", async (json) => {
    const tenant = await newTenant();
    await expectProblem(await tenant.call("PUT", "/v1/security-policy", { json }), 400, "invalid-request");
  });
});

describe("a tenant that asks for a second factor", () => {
  test("gives no token until the person has logged in with one, and says what to do", async () => {
    await withStoppedClock(MORNING, async () => {
      const { ada, tenant } = await newMember({ requires_second_factor: true });
      const missing = { error: "insufficient_user_authentication", code: "SECOND_FACTOR_MISSING" };
      expect(await tokenStatus(ada, tenant)).toMatchObject([403, missing]);
      const elsewhere = newBrowser();
      await elsewhere.call("POST", "/auth/sign-in/email", { email: ada.email, password: PASSWORD });
      const factor = await addSecondFactor(ada);
      expect(await tokenStatus(ada, tenant)).toMatchObject([200, {}]);
      expect(await tokenStatus(elsewhere, tenant)).toMatchObject([403, { code: "SECOND_FACTOR_NEEDED" }]);
      await elsewhere.call("POST", "/auth/two-factor/verify-totp", { code: await factor.code() });
      expect(await tokenStatus(elsewhere, tenant)).toMatchObject([200, {}]);
    });
  });

  test("asks it of no other tenant's tokens", async () => {
    const { ada } = await newMember({ requires_second_factor: true });
    const other = await newTenant();
    await addMember(other.id, ada, "viewer");
    expect(await tokenStatus(ada, other)).toMatchObject([200, {}]);
  });
});

describe("a log-in of a tenant's member", () => {
  const sessionOf = async (ada: Person) => await (await ada.call("GET", "/auth/get-session")).json();

  async function logInAgain(ada: Person): Promise<void> {
    await ada.call("POST", "/auth/sign-in/email", { email: ada.email, password: PASSWORD });
  }

  test("ends when it was not used for so long, and lasts while it is used", async () => {
    await withStoppedClock(MORNING, async (clock) => {
      const { ada } = await newMember({ max_idle_minutes: 60 });
      await logInAgain(ada);
      for (let time = 0; time < 3; time++) {
        clock.advanceMs(HOUR_MS - 1000);
        expect(await sessionOf(ada)).not.toBeNull();
      }
      clock.advanceMs(HOUR_MS + 1000);
      expect(await sessionOf(ada)).toBeNull();
    });
  });

  test("ends after so long, however much it is used", async () => {
    await withStoppedClock(MORNING, async (clock) => {
      const { ada } = await newMember({ max_session_hours: 2, max_idle_minutes: 90 });
      await logInAgain(ada);
      clock.advanceMs(HOUR_MS);
      expect(await sessionOf(ada)).not.toBeNull();
      clock.advanceMs(HOUR_MS - 1000);
      expect(await sessionOf(ada)).not.toBeNull();
      clock.advanceMs(1001);
      expect(await sessionOf(ada)).toBeNull();
    });
  });

  test("that began before the policy gets no token for longer than it allows", async () => {
    await withStoppedClock(MORNING, async (clock) => {
      const { ada, tenant } = await newMember({ max_session_hours: 2 });
      clock.advanceMs(2 * HOUR_MS - 1);
      expect(await tokenStatus(ada, tenant)).toMatchObject([200, {}]);
      clock.advanceMs(1);
      expect(await tokenStatus(ada, tenant)).toMatchObject([403, { code: "LOG_IN_AGAIN" }]);
    });
  });
});

test("a password is as long as the strictest of the person's tenants asks", async () => {
  const { ada } = await newMember({ min_password_characters: 20 });
  const lax = await newTenant();
  await addMember(lax.id, ada, "viewer");
  const change = async (newPassword: string) =>
    await ada.call("POST", "/auth/change-password", { currentPassword: PASSWORD, newPassword });
  const refused = await change("nineteen letters...");
  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { code: "PASSWORD_TOO_SHORT", message: expect.stringContaining("20") },
  ]);
  expect((await change("twenty letters are..")).status).toBe(200);
});
