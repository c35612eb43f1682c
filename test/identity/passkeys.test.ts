import { describe, expect, test } from "vitest";
import { z } from "zod";
import { actsOf } from "../support/acts.ts";
import { type Misbehaviour, newAuthenticator } from "../support/authenticator.ts";
import { type Person, addMember, newBrowser, newPerson } from "../support/people.ts";
import { newTenant } from "../support/tenant.ts";

type Browser = Pick<Person, "call">;
type Authenticator = Awaited<ReturnType<typeof newAuthenticator>>;

async function register(person: Browser, authenticator: Authenticator, wish?: Misbehaviour): Promise<Response> {
  const options = await (await person.call("GET", "/auth/passkey/generate-register-options")).json();
  const response = await authenticator.register(options, wish);
  return await person.call("POST", "/auth/passkey/verify-registration", { response, name: "my laptop" });
}

async function optionsFor(browser: Browser): Promise<unknown> {
  return await (await browser.call("GET", "/auth/passkey/generate-authenticate-options")).json();
}

async function logIn(browser: Browser, authenticator: Authenticator, wish?: Misbehaviour): Promise<Response> {
  const response = await authenticator.authenticate(await optionsFor(browser), wish);
  return await browser.call("POST", "/auth/passkey/verify-authentication", { response });
}

/** A person with a passkey. */
async function newHolder(): Promise<{ ada: Person; authenticator: Authenticator }> {
  const [ada, authenticator] = [await newPerson(), await newAuthenticator()];
  const registered = await register(ada, authenticator);
  expect(registered.status, await registered.clone().text()).toBe(200);
  return { ada, authenticator };
}

describe("a passkey", () => {
  test("lets its owner in, as two factors do", async () => {
    const { ada, authenticator } = await newHolder();
    const tenant = await newTenant();
    await addMember(tenant.id, ada, "viewer");
    await tenant.call("PUT", "/v1/security-policy", { json: { requires_second_factor: true } });
    expect((await ada.call("POST", "/auth/tenant-token", { tenant_id: tenant.id })).status).toBe(403);
    const browser = newBrowser();
    expect((await logIn(browser, authenticator)).status).toBe(200);
    expect(await (await browser.call("GET", "/auth/get-session")).json()).toMatchObject({ user: { id: ada.id } });
    expect((await browser.call("POST", "/auth/tenant-token", { tenant_id: tenant.id })).status).toBe(200);
    expect(await actsOf(ada.id)).toContain("passkey.added");
  });

  test("is asked to verify who holds it, when it is made and when it is used", async () => {
    const ada = await newPerson();
    const made = await (await ada.call("GET", "/auth/passkey/generate-register-options")).json();
    expect(made).toMatchObject({ authenticatorSelection: { userVerification: "required" }, attestation: "none" });
    expect(await optionsFor(newBrowser())).toMatchObject({ userVerification: "required" });
  });

  const WRONG: [string, Misbehaviour][] = [
    ["for a page of another origin", { origin: "https://evil.example" }],
    ["for another site", { rpId: "evil.example" }],
    ["for a challenge that was never made", { challenge: "bm90IHRoZSBjaGFsbGVuZ2U" }],
    ["by whoever found it: nobody was verified", { isUserVerified: false }],
  ];

  test.each(WRONG)("is not taken %s, when it is made", async (_what, wish) => {
    const ada = await newPerson();
    const answer = await register(ada, await newAuthenticator(), wish);
    expect(answer.ok).toBe(false);
    expect(await (await ada.call("GET", "/auth/passkey/list-user-passkeys")).json()).toEqual([]);
  });

  test.each(WRONG)("is not taken %s, when it is used", async (_what, wish) => {
    const { authenticator } = await newHolder();
    const browser = newBrowser();
    expect((await logIn(browser, authenticator, wish)).ok).toBe(false);
    expect(await (await browser.call("GET", "/auth/get-session")).json()).toBeNull();
  });

  test("is not taken when it counts backwards, as a copy of it would", async () => {
    const { authenticator } = await newHolder();
    expect((await logIn(newBrowser(), authenticator, { counter: 10 })).status).toBe(200);
    for (const counter of [10, 9]) expect((await logIn(newBrowser(), authenticator, { counter })).ok).toBe(false);
    expect((await logIn(newBrowser(), authenticator, { counter: 11 })).status).toBe(200);
  });

  test("answers a challenge once, and in the browser that asked for it", async () => {
    const { authenticator } = await newHolder();
    const [browser, thief] = [newBrowser(), newBrowser()];
    const response = await authenticator.authenticate(await optionsFor(browser));
    await optionsFor(thief);
    const stolen = await thief.call("POST", "/auth/passkey/verify-authentication", { response });
    expect(stolen.ok).toBe(false);
    const first = await browser.call("POST", "/auth/passkey/verify-authentication", { response });
    expect(first.status).toBe(200);
    expect((await browser.call("POST", "/auth/passkey/verify-authentication", { response })).ok).toBe(false);
  });

  test("of another person is neither renamed nor removed", async () => {
    const { ada, authenticator } = await newHolder();
    const list = await (await ada.call("GET", "/auth/passkey/list-user-passkeys")).json();
    const [own] = z.tuple([z.object({ id: z.string() })]).parse(list);
    const eve = await newPerson("Eve");
    expect((await eve.call("POST", "/auth/passkey/delete-passkey", { id: own.id })).ok).toBe(false);
    expect((await eve.call("POST", "/auth/passkey/update-passkey", { id: own.id, name: "mine" })).ok).toBe(false);
    expect((await logIn(newBrowser(), authenticator)).status).toBe(200);
    expect((await ada.call("POST", "/auth/passkey/delete-passkey", { id: own.id })).status).toBe(200);
    expect((await logIn(newBrowser(), authenticator)).ok).toBe(false);
    expect(await actsOf(ada.id)).toContain("passkey.removed");
  });
});
