import { describe, expect, test } from "vitest";
import { checkServerUrl } from "../../src/models/backend.rules.ts";

describe("a tenant's own server", () => {
  test.each([
    ["https://triton.example.com", "https://triton.example.com"],
    ["https://Triton.Example.com:8443/", "https://triton.example.com:8443"],
    ["https://example.com/inference/v1/", "https://example.com/inference/v1"],
  ])("may be %s", (text, url) => {
    expect(checkServerUrl(text)).toEqual({ url });
  });

  test.each([
    ["", "must be a URL"],
    ["triton.example.com", "must be a URL"],
    ["http://triton.example.com", "must begin with https"],
    ["file:///etc/passwd", "must begin with https"],
    ["https://user:secret@triton.example.com", "no credentials"],
    ["https://triton.example.com/?a=b", "no query"],
    ["https://triton.example.com/#a", "no fragment"],
    ["https://localhost", "public name"],
    ["https://localhost.", "public name"],
    ["https://triton", "public name"],
    ["https://triton.local", "public name"],
    ["https://metadata.google.internal", "public name"],
    ["https://127.0.0.1", "not an IP address"],
    ["https://10.0.0.1:8000", "not an IP address"],
    ["https://169.254.169.254", "not an IP address"],
    ["https://2130706433", "not an IP address"],
    ["https://0x7f.1", "not an IP address"],
    ["https://0177.0.0.1", "not an IP address"],
    ["https://127.1", "not an IP address"],
    ["https://[::1]", "not an IP address"],
    ["https://[::ffff:169.254.169.254]", "not an IP address"],
    ["https://[fd00::1]", "not an IP address"],
  ])("may not be %j", (text, fault) => {
    expect(checkServerUrl(text)).toEqual({ fault: expect.stringContaining(fault) });
  });
});
