import { env } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { createRouter } from "../../src/http/router.ts";
import { requestId } from "../../src/http/request-id.ts";
import { limitAttempts } from "../../src/identity/limit-attempts.ts";
import { createServices } from "../../src/services.ts";
import { newId } from "../../src/shared/ids.ts";
import { withStoppedClock } from "../support/clock.ts";
import { expectProblem } from "../support/problem.ts";

/** Far ahead, so that no alarm rings by itself. */
const START = "2036-11-20T09:30:00.000Z";

/** A router with one route behind the limit, as the app would mount it. */
const router = createRouter();
router.use(requestId);
router.use(async (c, next) => {
  c.set(
    "services",
    createServices(c.env, c.req.raw, () => undefined),
  );
  await next();
});
router.post(
  "/log-in",
  limitAttempts("log_in", async (c) => ({ kind: "email", id: await c.req.raw.clone().text() })),
  async (c) => c.text(`read ${await c.req.text()}`),
);

async function logIn(email: string, address: string): Promise<Response> {
  const request = new Request("http://tensorgate.test/log-in", {
    method: "POST",
    body: email,
    headers: { "CF-Connecting-IP": address },
  });
  return await router.fetch(request, env, createExecutionContext());
}

describe("limitAttempts", () => {
  test("lets attempts through with their body, and refuses one too many with the time to wait", async () => {
    await withStoppedClock(START, async (clock) => {
      const email = `${newId("req", Date.now())}@example.com`;
      for (let time = 0; time < 20; time++) {
        expect(await (await logIn(email, "198.51.100.1")).text()).toBe(`read ${email}`);
      }
      clock.advanceMs(60_500);
      const refused = await logIn(email, "198.51.100.1");
      expect(refused.headers.get("Retry-After")).toBe("240"); // 300 − 60.5 = 239.5 s, rounded up
      const { detail, by } = await expectProblem(refused, 429, "too-many-attempts");
      expect(by).toBe("account");
      expect(detail).not.toContain(email);
    });
  });

  test("says of a locked account how long it is locked", async () => {
    await withStoppedClock(START, async () => {
      const id = `${newId("req", Date.now())}@example.com`;
      const { attempts } = createServices(env, new Request("http://tensorgate.test/"), () => undefined);
      for (let time = 0; time < 6; time++) {
        await attempts.failed("log_in", { address: "198.51.100.2", account: { kind: "email", id } });
      }
      const refused = await logIn(id, "198.51.100.2");
      expect(refused.headers.get("Retry-After")).toBe("120");
      await expectProblem(refused, 429, "attempts-locked");
    });
  });

  test("refuses who comes from one address too often, whatever the account", async () => {
    await withStoppedClock(START, async () => {
      for (let time = 0; time < 50; time++) await logIn(`${time}@example.net`, "198.51.100.3");
      const { by } = await expectProblem(await logIn("new@example.net", "198.51.100.3"), 429, "too-many-attempts");
      expect(by).toBe("address");
    });
  });
});
