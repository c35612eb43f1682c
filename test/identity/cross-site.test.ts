import { describe, expect, test } from "vitest";
import worker from "../../src/index.ts";
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { AUTH_ENDPOINTS, isForBrowsers } from "../../src/identity/auth-endpoints.rules.ts";
import { newAddress, readOutbox } from "../support/mail.ts";
import { PASSWORD, linksTo, newAddressOfNetwork, newBrowser, newPerson } from "../support/people.ts";
import { startSecondFactor } from "../support/second-factors.ts";
import { call, requestOf } from "../support/tenant.ts";

const FOREIGN = "https://evil.example";
const POSTS = Object.entries(AUTH_ENDPOINTS)
  .filter(([path, rule]) => rule !== "disabled" && isForBrowsers(path) && !path.includes(":"))
  .map(([path]) => path);

describe("a page of another site", () => {
  test.each(POSTS)("has no browser call POST %s", async (path) => {
    for (const cookie of [{}, { Cookie: "__Host-tensorgate.session_token=a.b" }]) {
      const headers = { ...cookie, Origin: FOREIGN, "CF-Connecting-IP": newAddressOfNetwork() };
      expect((await call("POST", `/auth${path}`, { headers, json: {} })).status).toBe(403);
    }
  });

  test("logs nobody in, whatever it passes the body off as", async () => {
    const ada = await newPerson();
    const json = JSON.stringify({ email: ada.email, password: PASSWORD });
    const form = new URLSearchParams({ email: ada.email, password: PASSWORD }).toString();
    const bodies = [
      ["application/json", json],
      ["text/plain", json],
      ["application/x-www-form-urlencoded", form],
      ["multipart/form-data; boundary=x", json],
    ] as const;
    for (const [type, body] of bodies) {
      for (const Origin of [FOREIGN, "null"]) {
        const headers = { Origin, "Content-Type": type, "CF-Connecting-IP": newAddressOfNetwork() };
        const answer = await call("POST", "/auth/sign-in/email", { headers, body });
        expect(answer.headers.getSetCookie()).toEqual([]);
        expect(answer.status).toBe(403);
      }
    }
  });

  test("does nothing with a person's cookie", async () => {
    const ada = await newPerson();
    let cookie = "";
    const browser = newBrowser();
    const entered = await browser.call("POST", "/auth/sign-in/email", { email: ada.email, password: PASSWORD });
    cookie = entered.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    for (const Origin of [
      FOREIGN,
      "null",
      "http://tensorgate.test.evil.example",
      "http://sub.tensorgate.test",
      "https://tensorgate.test",
    ]) {
      const headers = { Cookie: cookie, Origin };
      expect((await call("POST", "/auth/sign-out", { headers, json: {} })).status).toBe(403);
    }
    expect((await call("POST", "/auth/sign-out", { headers: { Cookie: cookie }, json: {} })).status).toBe(403);
    expect(await (await browser.call("GET", "/auth/get-session")).json()).not.toBeNull();
  });
});

test("every cookie is the host's own, for HTTPS alone, out of reach of scripts and of other sites' requests", async () => {
  const ada = await newPerson();
  const cookies: string[] = [];
  const gather = async (answer: Promise<Response>) => cookies.push(...(await answer).headers.getSetCookie());
  await gather(ada.call("GET", "/auth/passkey/generate-register-options"));
  await gather(newBrowser().call("GET", "/auth/passkey/generate-authenticate-options"));
  const factor = await startSecondFactor(ada);
  await gather(ada.call("POST", "/auth/two-factor/verify-totp", { code: await factor.code() }));
  const browser = newBrowser();
  await gather(
    browser.call("POST", "/auth/sign-in/email", { email: ada.email, password: PASSWORD, rememberMe: false }),
  );
  await gather(browser.call("POST", "/auth/two-factor/verify-backup-code", { code: factor.backupCodes[0] }));
  await gather(browser.call("POST", "/auth/sign-out", {}));
  expect(cookies.length).toBeGreaterThan(8);
  for (const cookie of cookies) {
    expect(cookie).toMatch(/^__Host-tensorgate\./);
    expect(cookie).toContain("; Path=/");
    expect(cookie).toContain("; Secure");
    expect(cookie).toContain("; HttpOnly");
    expect(cookie).toContain("; SameSite=Lax");
    expect(cookie).not.toContain("Domain");
  }
});

test("cookies are the host's own over HTTPS too", async () => {
  const ada = await newPerson();
  const url = "https://secure.tensorgate.test/auth/sign-in/email";
  const request = new Request(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "CF-Connecting-IP": newAddressOfNetwork() },
    body: JSON.stringify({ email: ada.email, password: PASSWORD }),
  });
  const context = createExecutionContext();
  const answer = await worker.fetch(request, env, context);
  await waitOnExecutionContext(context);
  expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-tensorgate\.session_token=/);
});

describe("a link leads nowhere else", () => {
  const ELSEWHERE = [
    FOREIGN,
    "//evil.example",
    "/\\evil.example",
    "http://tensorgate.test@evil.example/",
    "http://tensorgate.test.evil.example/",
    "javascript:alert(1)",
    "/%5Cevil.example",
    "/ok\r\nSet-Cookie: a=b",
    "/ok%0d%0aSet-Cookie:%20a=b",
  ];

  test.each(ELSEWHERE)("neither to %j when it is asked for, nor when it is followed", async (url) => {
    const email = newAddress();
    const browser = newBrowser();
    const up = await browser.call("POST", "/auth/sign-up/email", {
      name: "Ada",
      email,
      password: PASSWORD,
      callbackURL: url,
    });
    const reset = await browser.call("POST", "/auth/request-password-reset", { email, redirectTo: url });
    for (const answer of [up, reset]) {
      expect([200, 403]).toContain(answer.status);
      expect(answer.headers.get("Location")).toBeNull();
    }
    const mails = (await readOutbox(email)).flatMap(({ links }) => links);
    for (const link of mails.map((text) => new URL(text))) {
      expectHere(await browser.call("GET", link.pathname + link.search));
    }
    const encoded = encodeURIComponent(url);
    for (const path of [
      `/auth/verify-email?token=x&callbackURL=${encoded}`,
      `/auth/reset-password/x?callbackURL=${encoded}`,
    ]) {
      expectHere(await browser.call("GET", path));
    }
  });

  function expectHere(answer: Response): void {
    const location = answer.headers.get("Location") ?? "/";
    expect(answer.headers.getSetCookie().join("")).not.toContain("a=b");
    expect(new URL(location, "http://tensorgate.test/").origin).toBe("http://tensorgate.test");
  }
});

test("what names an address puts nothing into a mail's headers", async () => {
  for (const email of ["a@example.com\r\nBcc: eve@evil.example", "a@example.com,eve@evil.example", "a b@example.com"]) {
    const answer = await newBrowser().call("POST", "/auth/sign-up/email", { name: "Ada", email, password: PASSWORD });
    expect(answer.status).toBe(400);
    expect(await linksTo(email)).toEqual([]);
  }
});

test("cookies and headers that are too large are refused before anything reads them", async () => {
  const cookie = { Cookie: `__Host-tensorgate.session_token=${"x".repeat(9000)}` };
  expect((await call("GET", "/auth/get-session", { headers: cookie })).status).toBe(431);
  expect((await call("GET", "/auth/get-session", { headers: { "X-Large": "x".repeat(33_000) } })).status).toBe(431);
});

test("a cookie that was altered, or signed by nobody, is no session", async () => {
  const values = ["", "x", "x.y", `${"a".repeat(32)}.${"b".repeat(44)}`, "%00", "%E0%A4%A", "a".repeat(8000)];
  for (const value of values) {
    const request = requestOf("GET", "/auth/get-session", {
      headers: { Cookie: `__Host-tensorgate.session_token=${value}` },
    });
    const answer = await worker.fetch(request, env, createExecutionContext());
    expect(answer.status).toBe(200);
    expect(await answer.json()).toBeNull();
  }
});
