import { expect, test } from "vitest";
import { PASSWORD, linksTo, newBrowser, newPerson } from "../support/people.ts";

test("who signs up shows that the address is theirs before they log in", async () => {
  const email = `${crypto.randomUUID()}@example.com`;
  const browser = newBrowser();
  const up = await browser.call("POST", "/auth/sign-up/email", { name: "Ada", email, password: PASSWORD });
  expect(up.status, await up.clone().text()).toBe(200);
  const early = await browser.call("POST", "/auth/sign-in/email", { email, password: PASSWORD });
  expect(early.status).toBe(403);
  const [link = ""] = await linksTo(email);
  const { pathname, search } = new URL(link);
  const verified = await browser.call("GET", pathname + search);
  expect([200, 302]).toContain(verified.status);
  const logged = await browser.call("POST", "/auth/sign-in/email", { email, password: PASSWORD });
  expect(logged.status).toBe(200);
  expect(logged.headers.get("Set-Cookie")).toMatch(/^__Host-tensorgate\.session_token=/);
});

test("who logs out is out", async () => {
  const ada = await newPerson();
  expect(await (await ada.call("GET", "/auth/get-session")).json()).toMatchObject({ user: { id: ada.id } });
  expect((await ada.call("POST", "/auth/sign-out", {})).status).toBe(200);
  expect(await (await ada.call("GET", "/auth/get-session")).json()).toBeNull();
});
