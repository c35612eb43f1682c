import { expect, test } from "vitest";
import { ATTEMPT_RULES } from "../../src/identity/attempts.rules.ts";
import { CLI_CLIENT_ID } from "../support/oauth.ts";
import { newAddressOfNetwork } from "../support/people.ts";
import { call } from "../support/tenant.ts";

const form = (fields: Record<string, string>, address: string) => ({
  body: new URLSearchParams(fields).toString(),
  headers: { "Content-Type": "application/x-www-form-urlencoded", "CF-Connecting-IP": address },
});

/** Expect a refusal in the words of OAuth, which says when to come again. */
async function expectLater(refused: Response): Promise<void> {
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(await refused.json()).toEqual({ error: "temporarily_unavailable", error_description: expect.any(String) });
}

test("a network asks for so many device codes and no more; others go on", async () => {
  const [busy, other] = [newAddressOfNetwork(), newAddressOfNetwork()];
  const { most } = ATTEMPT_RULES.device_code.address;
  for (let i = 0; i < most; i++) {
    const answer = await call("POST", "/auth/device/code", form({ client_id: CLI_CLIENT_ID }, busy));
    expect(answer.status).toBe(200);
  }
  const refused = await call("POST", "/auth/device/code", form({ client_id: CLI_CLIENT_ID }, busy));
  await expectLater(refused);
  expect((await call("POST", "/auth/device/code", form({ client_id: CLI_CLIENT_ID }, other))).status).toBe(200);
});

test("one device code is asked about so often and no more, from wherever", async () => {
  const { most } = ATTEMPT_RULES.token.account;
  const guess = {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    client_id: CLI_CLIENT_ID,
    device_code: "x",
  };
  for (let i = 0; i < most; i++) {
    expect((await call("POST", "/auth/oauth2/token", form(guess, newAddressOfNetwork()))).status).toBe(400);
  }
  await expectLater(await call("POST", "/auth/oauth2/token", form(guess, newAddressOfNetwork())));
  const another = form({ ...guess, device_code: "y" }, newAddressOfNetwork());
  expect((await call("POST", "/auth/oauth2/token", another)).status).toBe(400);
});
