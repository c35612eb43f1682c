import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAllowedOrigin, isOriginPattern } from "../../src/admission/origins.rules.ts";

describe("an entry of the list", () => {
  test.each([
    "https://app.example.com",
    "https://app.example.com:8443",
    "http://localhost:5173",
    "http://127.0.0.1:3000",
    "https://[2001:db8::1]",
    "https://xn--bcher-kva.example",
    "https://*.example.com",
    "https://*.example.com:8443",
    "https://*.a.b.example.com",
    "*",
  ])("may be %s", (text) => {
    expect(isOriginPattern(text)).toBe(true);
  });

  test.each([
    "",
    "null",
    "app.example.com",
    "https://",
    "https://app.example.com/", // browsers send no path
    "https://app.example.com/path",
    "https://app.example.com:443", // nor the port that the scheme has anyway
    "http://app.example.com:80",
    "https://App.example.com", // nor upper case
    "HTTPS://app.example.com",
    "https://bücher.example", // nor letters beyond ASCII
    "https://user@app.example.com",
    "https://app.example.com?",
    "https://app.example.com#",
    " https://app.example.com",
    "https://app.example.com, https://b.example.com",
    "ftp://app.example.com",
    "file://",
    "http://*.example.com",
    "https://*",
    "https://*.",
    "https://*.com",
    "https://*.*.com",
    "https://*.example.*",
    "https://a*.example.com",
    "https://app.*.com",
    "https://*.1.2.3.4",
    "https://*.[2001:db8::1]",
    "https://*.Example.com",
    "https://*.example.com/",
    "**",
    `https://${"a".repeat(300)}.example.com`,
  ])("may not be %j", (text) => {
    expect(isOriginPattern(text)).toBe(false);
  });
});

describe("an origin", () => {
  test.each([
    ["https://app.example.com", "https://app.example.com", true],
    ["https://app.example.com", "http://app.example.com", false],
    ["https://app.example.com", "https://app.example.com:8443", false],
    ["https://app.example.com", "https://app.example.com.evil.example", false],
    ["https://*.example.com", "https://app.example.com", true],
    ["https://*.example.com", "https://a.b.example.com", true],
    ["https://*.example.com", "https://example.com", false],
    ["https://*.example.com", "https://.example.com", false],
    ["https://*.example.com", "http://app.example.com", false],
    ["https://*.example.com", "https://evilexample.com", false],
    ["https://*.example.com", "https://app.example.com:8443", false],
    ["https://*.example.com:8443", "https://app.example.com:8443", true],
    ["https://*.example.com", "https://evil.example/.example.com", false],
    ["https://*.example.com", "https://evil.example:1.example.com", false],
    ["https://*.example.com", "https://user@app.example.com", false],
    ["https://*.example.com", "https://.", false],
    ["*", "https://anything.example", true],
    ["*", "null", true],
    ["https://app.example.com", "null", false],
  ])("with %s on the list, %s may call: %s", (pattern, origin, isAllowed) => {
    expect(isAllowedOrigin([pattern], origin)).toBe(isAllowed);
  });

  test("may call when any entry means it, and never when the list is empty", () => {
    const list = ["https://a.example", "https://*.b.example"];
    expect(["https://a.example", "https://x.b.example"].map((origin) => isAllowedOrigin(list, origin))).toEqual([
      true,
      true,
    ]);
    expect(isAllowedOrigin([], "https://a.example")).toBe(false);
    expect(isAllowedOrigin([], "null")).toBe(false);
  });
});

/** Origins as browsers send them, of names so short that patterns often mean them. */
const anyLabel = fc.constantFrom("a", "b", "ab", "x-y");
const anyHost = fc.array(anyLabel, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const anyOrigin = fc
  .record({ scheme: fc.constantFrom("https", "http"), host: anyHost, port: fc.constantFrom("", ":8443") })
  .map(({ scheme, host, port }) => `${scheme}://${host}${port}`);
const anyPattern = fc.oneof(
  anyOrigin,
  fc.record({ host: anyHost, port: fc.constantFrom("", ":8443") }).map(({ host, port }) => `https://*.${host}${port}`),
);

describe("matching", () => {
  test("agrees with what URLs say of scheme, name and port", () => {
    const meant = (pattern: string, origin: string): boolean => {
      const [wanted, given] = [new URL(pattern.replace("*.", "")), new URL(origin)];
      if (wanted.protocol !== given.protocol || wanted.port !== given.port) return false;
      return pattern.includes("*")
        ? given.hostname.endsWith(`.${wanted.hostname}`)
        : given.hostname === wanted.hostname;
    };
    fc.assert(
      fc.property(anyPattern, anyOrigin, (pattern, origin) => {
        expect(isAllowedOrigin([pattern], origin)).toBe(meant(pattern, origin));
      }),
      { numRuns: 2_000 },
    );
  });

  test("lets no text through a wildcard that is no origin under its domain, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const origin = `https://${text}.example.com`;
        const isOrigin = URL.parse(origin)?.origin === origin;
        expect(isAllowedOrigin(["https://*.example.com"], origin) && !isOrigin).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test("takes every origin that a browser could send for an entry", () => {
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        expect(isOriginPattern(new URL(url).origin)).toBe(true);
      }),
    );
  });
});
