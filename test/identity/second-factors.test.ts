import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { actsOf } from "../support/acts.ts";
import { withStoppedClock } from "../support/clock.ts";
import { readOutbox } from "../support/mail.ts";
import { PASSWORD, type Person, newBrowser, newPerson } from "../support/people.ts";
import { addSecondFactor, startSecondFactor } from "../support/second-factors.ts";

const MORNING = "2036-11-21T09:30:10.000Z";

/** A browser in which the person has shown their password. */
async function challenged(person: Person): Promise<Pick<Person, "call">> {
  const browser = newBrowser();
  const answer = await browser.call("POST", "/auth/sign-in/email", { email: person.email, password: PASSWORD });
  expect(await answer.json()).toMatchObject({ twoFactorRedirect: true });
  return browser;
}

async function isLoggedIn(browser: Pick<Person, "call">): Promise<boolean> {
  return (await (await browser.call("GET", "/auth/get-session")).json()) !== null;
}

async function enter(browser: Pick<Person, "call">, code: string): Promise<number> {
  return (await browser.call("POST", "/auth/two-factor/verify-totp", { code })).status;
}

describe("codes of an authenticator app", () => {
  test("are asked for after the password, which alone lets nobody in", async () => {
    await withStoppedClock(MORNING, async () => {
      const ada = await newPerson();
      const factor = await addSecondFactor(ada);
      const browser = await challenged(ada);
      expect(await isLoggedIn(browser)).toBe(false);
      expect(await enter(browser, await factor.code())).toBe(200);
      expect(await isLoggedIn(browser)).toBe(true);
      expect(await actsOf(ada.id)).toContain("second_factor.switched_on");
      expect((await readOutbox(ada.email)).map(({ template }) => template)).toContain("second-factor-switched");
    });
  });

  test("count once: whoever brings one again is refused, though it still shows", async () => {
    await withStoppedClock(MORNING, async () => {
      const ada = await newPerson();
      const factor = await addSecondFactor(ada);
      const code = await factor.code();
      expect(await enter(await challenged(ada), code)).toBe(200);
      const thief = await challenged(ada);
      expect(await enter(thief, code)).toBe(401);
      expect(await isLoggedIn(thief)).toBe(false);
      expect(await enter(thief, await factor.code(1))).toBe(200);
    });
  });

  test("let one of two in that bring the same one at the same time", async () => {
    await withStoppedClock(MORNING, async () => {
      const ada = await newPerson();
      const factor = await addSecondFactor(ada);
      const [one, other] = [await challenged(ada), await challenged(ada)];
      const code = await factor.code();
      const answers = await Promise.all([enter(one, code), enter(other, code)]);
      expect(answers.toSorted()).toEqual([200, 401]);
    });
  });

  test("that were used are forgotten when they no longer show", async () => {
    await withStoppedClock(MORNING, async (clock) => {
      const ada = await newPerson();
      const factor = await addSecondFactor(ada);
      expect(await enter(await challenged(ada), await factor.code())).toBe(200);
      clock.advanceMs(120_000);
      expect(await enter(await challenged(ada), await factor.code())).toBe(200);
      const kept = await env.DB.prepare("SELECT count(*) AS n FROM verifications WHERE identifier LIKE ?")
        .bind(`used-code:${ada.id}:%`)
        .first<number>("n");
      expect(kept).toBe(1);
    });
  });

  test("that are wrong lock: five in a row from one network", async () => {
    const ada = await newPerson();
    await addSecondFactor(ada);
    const browser = await challenged(ada);
    const statuses = [];
    for (let time = 0; time < 6; time++) statuses.push(await enter(browser, "000000"));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    const acts = await actsOf(ada.id);
    expect(acts.filter((act) => act === "second_factor.failed")).toHaveLength(5);
    expect(acts).toContain("person.locked_out");
  });

  test("are never waived: no device is let off", async () => {
    await withStoppedClock(MORNING, async () => {
      const ada = await newPerson();
      const factor = await addSecondFactor(ada);
      const browser = await challenged(ada);
      const body = { code: await factor.code(), trustDevice: true };
      const answer = await browser.call("POST", "/auth/two-factor/verify-totp", body);
      expect(answer.headers.getSetCookie().filter((cookie) => /trust_device=[^;]/.test(cookie))).toEqual([]);
    });
  });

  test("begin with the first right one: until then the password is enough", async () => {
    const ada = await newPerson();
    await startSecondFactor(ada);
    const answer = await newBrowser().call("POST", "/auth/sign-in/email", { email: ada.email, password: PASSWORD });
    expect(await answer.json()).toMatchObject({ user: { id: ada.id } });
  });

  test("are switched off with the password, and not without", async () => {
    const ada = await newPerson();
    await addSecondFactor(ada);
    expect((await ada.call("POST", "/auth/two-factor/disable", { password: "not my password" })).status).toBe(400);
    expect((await ada.call("POST", "/auth/two-factor/disable", { password: PASSWORD })).status).toBe(200);
    expect(await actsOf(ada.id)).toContain("second_factor.switched_off");
  });
});

describe("backup codes", () => {
  test("let in once each, and are not kept as they are", async () => {
    const ada = await newPerson();
    const { backupCodes } = await addSecondFactor(ada);
    const [code = ""] = backupCodes;
    const stored = await env.DB.prepare("SELECT backup_codes FROM second_factors WHERE user_id = ?")
      .bind(ada.id)
      .first();
    expect(JSON.stringify(stored)).not.toContain(code);
    const enterBackup = async (browser: Pick<Person, "call">) =>
      (await browser.call("POST", "/auth/two-factor/verify-backup-code", { code, disableSession: true })).status;
    const browser = await challenged(ada);
    expect(await enterBackup(browser)).toBe(200);
    expect(await isLoggedIn(browser)).toBe(true);
    const thief = await challenged(ada);
    expect(await enterBackup(thief)).toBe(401);
    expect(await isLoggedIn(thief)).toBe(false);
  });
});
