import { expect, test } from "vitest";
import { originOf } from "../../src/shared/origin.ts";

test.each([
  "https://api.example.com/v2/models?x=/y",
  "https://API.example.com:443/",
  "http://127.0.0.1:8787/auth/sign-in",
  "http://a/b",
  "http://user:secret@api.example.com/",
  "https://api.example.com?x=https://evil.example/",
  "https://api.example.com#/x",
  String.raw`https://api.example.com\evil.example/x`,
  "https://[::1]:8787/",
])("the origin of %s is what URL says it is, also when it is asked for again", (url) => {
  for (let i = 0; i < 2; i++) {
    expect(originOf(url)).toBe(new URL(url).origin);
    expect(originOf(`${new URL(url).origin}/other`)).toBe(new URL(url).origin);
  }
});
