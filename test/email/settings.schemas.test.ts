import { describe, expect, test } from "vitest";
import { TENSORGATE_BRAND } from "../../src/email/brand.rules.ts";
import { parseEnv } from "../../src/env.ts";
import { type OtherEnvironment, PRODUCTION, environmentWith } from "../support/mail.ts";

const settingsOf = (other: OtherEnvironment) => parseEnv(environmentWith(other)).email;

function withoutEmailVariables(): Env {
  const { EMAIL_DELIVERY: _delivery, EMAIL_FROM: _from, EMAIL_BRAND: _brand, ...others } = environmentWith({});
  return others as Env;
}

describe("the variables of e-mail", () => {
  test("are those of production where nothing is set: the sender is missing, and the fault says what to do", () => {
    expect(() => parseEnv(withoutEmailVariables())).toThrow(
      "The Worker is not configured: EMAIL_FROM is missing: set it in wrangler.toml",
    );
  });

  test("say who sends, in Tensorgate's name unless another is given", () => {
    expect(settingsOf(PRODUCTION)).toEqual({
      delivery: "cloudflare",
      from: "no-reply@example.com",
      brand: TENSORGATE_BRAND,
    });
    const EMAIL_BRAND = JSON.stringify({ productName: " Acme ", footer: "Main Street 1" });
    expect(settingsOf({ ...PRODUCTION, EMAIL_BRAND }).brand).toEqual({
      productName: "Acme",
      accentColor: TENSORGATE_BRAND.accentColor,
      footer: "Main Street 1",
    });
  });

  test("need no sender where mails are kept", () => {
    expect(settingsOf({ EMAIL_DELIVERY: "outbox", EMAIL_FROM: "" })).toEqual({
      delivery: "outbox",
      brand: TENSORGATE_BRAND,
    });
  });

  test.each([
    [{ EMAIL_DELIVERY: "smtp" }, "EMAIL_DELIVERY must be `cloudflare`, or `outbox`"],
    [{ EMAIL_FROM: "Ada <ada@example.com>" }, "EMAIL_FROM must be one e-mail address"],
    [{ EMAIL_FROM: "a@example.com\r\nBcc: b@evil.example" }, "EMAIL_FROM must be one e-mail address"],
    [{ EMAIL_BRAND: "Acme" }, "EMAIL_BRAND must be a JSON object"],
    [{ EMAIL_BRAND: '{"productName": ""}' }, "EMAIL_BRAND.productName"],
    [
      { EMAIL_BRAND: '{"productName": "A", "accentColor": "red;x:url(y)"}' },
      "EMAIL_BRAND.accentColor must be a colour",
    ],
    [
      { EMAIL_BRAND: '{"productName": "A", "logoUrl": "javascript:x"}' },
      "EMAIL_BRAND.logoUrl must start with https://",
    ],
    [{ EMAIL_BRAND: '{"productName": "A", "supportEmail": "x"}' }, "EMAIL_BRAND.supportEmail must be one e-mail"],
    [{ EMAIL_BRAND: '{"productName": "A", "color": "#000000"}' }, 'EMAIL_BRAND Unrecognized key: "color"'],
  ])("are refused as %j", (other, message) => {
    expect(() => settingsOf({ ...PRODUCTION, ...other })).toThrow(message);
  });
});
