import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LimitState } from "../../src/admission/limit-states.rules.ts";
import { rateLimitHeaders, resetSeconds } from "../../src/http/rate-limit-headers.ts";

const bucket: LimitState = {
  policy: "inference",
  quota: 10,
  unit: undefined,
  windowSeconds: 3,
  remaining: 2,
  resetMs: 188,
};

/** One item of a structured-field list with integer and string parameters (RFC 9651). */
const ITEM = /^"[a-z][a-z0-9-]*"(;[a-z]+=(\d{1,15}|"[a-z-]+"))*$/;

describe("the headers of a limit", () => {
  test("tell its size and window, what is left, and in how many seconds there is more, rounded up", () => {
    expect(rateLimitHeaders(bucket)).toEqual({
      "RateLimit-Policy": '"inference";q=10;w=3',
      RateLimit: '"inference";r=2;t=1',
    });
  });

  test("tell the unit where it is not calls, no window where there is none, and no moment that never comes", () => {
    const credit = { ...bucket, policy: "credits", unit: "micro-usd", windowSeconds: undefined, resetMs: undefined };
    expect(rateLimitHeaders(credit)).toEqual({
      "RateLimit-Policy": '"credits";q=10;qu="micro-usd"',
      RateLimit: '"credits";r=2',
    });
  });

  test("are none where nothing limits a call", () => {
    expect(rateLimitHeaders(undefined)).toEqual({});
  });

  test("are structured fields, whatever the limit, and promise nothing too early", () => {
    const amount = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    const anyLimit = fc.record({
      policy: fc.constantFrom("a", "spend-cap", "x1"),
      quota: amount,
      unit: fc.constantFrom(undefined, "content-bytes", "concurrent-requests"),
      windowSeconds: fc.option(fc.integer({ min: 1, max: 2_592_000 }), { nil: undefined }),
      remaining: amount,
      resetMs: fc.option(fc.nat(2_678_400_000), { nil: undefined }),
    });
    fc.assert(
      fc.property(anyLimit, (limit) => {
        for (const value of Object.values(rateLimitHeaders(limit))) expect(value).toMatch(ITEM);
        expect((resetSeconds(limit) ?? Infinity) * 1000).toBeGreaterThanOrEqual(limit.resetMs ?? Infinity);
      }),
    );
  });
});
