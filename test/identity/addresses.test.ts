import { describe, expect, test } from "vitest";
import { actsOf } from "../support/acts.ts";
import { newAddress, readOutbox } from "../support/mail.ts";
import { PASSWORD, type Person, linksTo, newBrowser, newPerson } from "../support/people.ts";

type Browser = Pick<Person, "call">;

const ATTACKERS_PASSWORD = "waiting for the victim";

async function signUp(email: string, password = PASSWORD): Promise<Browser> {
  const browser = newBrowser();
  expect((await browser.call("POST", "/auth/sign-up/email", { name: "Ada", email, password })).status).toBe(200);
  return browser;
}

async function follow(browser: Browser, link: string): Promise<number> {
  const { pathname, search } = new URL(link);
  return (await browser.call("GET", pathname + search)).status;
}

async function linkTo(email: string, template: string): Promise<string> {
  const mail = (await readOutbox(email)).find((one) => one.template === template);
  const link = mail?.links.find((url) => url.includes("/auth/"));
  if (link === undefined) throw new Error(`No mail ${template} with a link to ${email}.`);
  return link;
}

async function signInStatus(email: string, password: string): Promise<number> {
  return (await newBrowser().call("POST", "/auth/sign-in/email", { email, password })).status;
}

describe("a stranger who signs up with somebody's address", () => {
  test("has no password in the account once its owner has signed up", async () => {
    const email = newAddress();
    await signUp(email, ATTACKERS_PASSWORD);
    const strangersLink = await linkTo(email, "verify-address");
    const ada = await signUp(email);
    expect(await follow(ada, await linkTo(email, "verify-address"))).toBe(302);
    expect(await signInStatus(email, ATTACKERS_PASSWORD)).toBe(401);
    expect(await signInStatus(email, PASSWORD)).toBe(200);
    expect(await follow(newBrowser(), strangersLink)).toBe(401);
  });

  test("has no link of the owner's confirm it, when they come later", async () => {
    const email = newAddress();
    const ada = await signUp(email);
    const ownersLink = await linkTo(email, "verify-address");
    await signUp(email, ATTACKERS_PASSWORD);
    expect(await follow(ada, ownersLink)).toBe(401);
    expect(await signInStatus(email, ATTACKERS_PASSWORD)).toBe(403);
  });

  test("has no password in it after the owner set one by mail", async () => {
    const email = newAddress();
    await signUp(email, ATTACKERS_PASSWORD);
    const ada = newBrowser();
    await ada.call("POST", "/auth/request-password-reset", { email });
    const token = new URL(await linkTo(email, "reset-password")).pathname.split("/").at(-1);
    await ada.call("POST", "/auth/reset-password", { newPassword: PASSWORD, token });
    expect(await signInStatus(email, ATTACKERS_PASSWORD)).toBe(401);
  });

  test("changes nothing of an account that is its owner's", async () => {
    const ada = await newPerson();
    await signUp(ada.email, ATTACKERS_PASSWORD);
    expect(await signInStatus(ada.email, ATTACKERS_PASSWORD)).toBe(401);
    expect(await signInStatus(ada.email, PASSWORD)).toBe(200);
    expect((await readOutbox(ada.email)).map(({ template }) => template)).toContain("account-exists");
  });
});

describe("changing one's address", () => {
  test("is allowed by the old address, then confirmed by the new one", async () => {
    const [ada, newEmail] = [await newPerson(), newAddress()];
    expect((await ada.call("POST", "/auth/change-email", { newEmail })).status).toBe(200);
    expect(await linksTo(newEmail)).toEqual([]);
    expect(await follow(ada, await linkTo(ada.email, "address-is-changing"))).toBe(302);
    expect(await signInStatus(ada.email, PASSWORD)).toBe(200);
    expect(await follow(ada, await linkTo(newEmail, "confirm-new-address"))).toBe(302);
    expect(await signInStatus(newEmail, PASSWORD)).toBe(200);
    expect(await signInStatus(ada.email, PASSWORD)).toBe(401);
    expect(await actsOf(ada.id)).toContain("person.changed_address");
  });

  test("logs nobody in: the last link needs the person's own session", async () => {
    const [ada, eve, newEmail] = [await newPerson(), await newPerson("Eve"), newAddress()];
    await ada.call("POST", "/auth/change-email", { newEmail });
    await follow(ada, await linkTo(ada.email, "address-is-changing"));
    const link = await linkTo(newEmail, "confirm-new-address");
    for (const browser of [newBrowser(), eve]) expect(await follow(browser, link)).toBe(401);
    expect(await signInStatus(newEmail, PASSWORD)).toBe(401);
    expect(await follow(ada, link)).toBe(302);
    expect(await follow(ada, link)).toBe(401);
  });

  test("answers the same whether the new address is somebody's or not, and takes it from nobody", async () => {
    const [ada, eve] = [await newPerson(), await newPerson("Eve")];
    const answers = [];
    for (const newEmail of [eve.email, newAddress()]) {
      const answer = await ada.call("POST", "/auth/change-email", { newEmail });
      answers.push([answer.status, await answer.text()]);
    }
    expect(answers[0]).toEqual(answers[1]);
    expect((await readOutbox(eve.email)).map(({ template }) => template)).not.toContain("confirm-new-address");
  });

  test("leaves no link to a new password at the old address", async () => {
    const [ada, newEmail] = [await newPerson(), newAddress()];
    await newBrowser().call("POST", "/auth/request-password-reset", { email: ada.email });
    const token = new URL(await linkTo(ada.email, "reset-password")).pathname.split("/").at(-1);
    await ada.call("POST", "/auth/change-email", { newEmail });
    await follow(ada, await linkTo(ada.email, "address-is-changing"));
    await follow(ada, await linkTo(newEmail, "confirm-new-address"));
    const reset = await newBrowser().call("POST", "/auth/reset-password", { newPassword: ATTACKERS_PASSWORD, token });
    expect(reset.status).toBe(400);
    expect(await signInStatus(newEmail, PASSWORD)).toBe(200);
  });
});

describe("a link of a mail", () => {
  test("sets one password, and every other such link ends with it", async () => {
    const ada = await newPerson();
    const browser = newBrowser();
    await browser.call("POST", "/auth/request-password-reset", { email: ada.email });
    await browser.call("POST", "/auth/request-password-reset", { email: ada.email });
    const tokens = (await linksTo(ada.email))
      .filter((link) => link.includes("/auth/reset-password/"))
      .map((link) => new URL(link).pathname.split("/").at(-1));
    const [newest, older] = tokens;
    const set = async (token: string | undefined) =>
      (await browser.call("POST", "/auth/reset-password", { newPassword: "another long sentence", token })).status;
    expect(await set(newest)).toBe(200);
    expect(await set(newest)).toBe(400);
    expect(await set(older)).toBe(400);
    expect(await actsOf(ada.id)).toContain("person.reset_password");
  });

  test("that was altered confirms nothing", async () => {
    const email = newAddress();
    const ada = await signUp(email);
    const link = new URL(await linkTo(email, "verify-address"));
    const token = link.searchParams.get("token") ?? "";
    const [head = "", , signature = ""] = token.split(".");
    const payload = Buffer.from(JSON.stringify({ email, exp: 9e9 })).toString("base64url");
    for (const forged of ["", "x", `${token}x`, `${head}.${payload}.${signature}`, `${head}.${payload}.`]) {
      link.searchParams.set("token", forged);
      expect(await follow(ada, link.href)).not.toBe(200);
    }
    expect(await signInStatus(email, PASSWORD)).toBe(403);
  });
});
