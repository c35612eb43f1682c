import { describe, expect, test } from "vitest";
import { type Brand, TENSORGATE_BRAND } from "../../src/email/brand.rules.ts";
import { type LaidOut, layOut } from "../../src/email/layout.ts";
import { type Message, writeLetter } from "../../src/email/templates/templates.ts";
import { linksIn } from "../../src/email/wording.rules.ts";
import { messagesTo } from "../support/messages.ts";
import { HOSTILE_NAMES, isPrintable } from "./hostile.ts";

const ACME: Brand = {
  productName: "Acme & Sons",
  logoUrl: "https://acme.example/logo.png?a=1&b=2",
  accentColor: "#ffcc00",
  supportEmail: "help@acme.example",
  footer: "Acme & Sons\r\nMain Street 1",
};

const messages = messagesTo("ada@example.com").map((message): [string, Message] => [message.template, message]);

async function laidOut(
  { template, data }: Pick<Message, "template" | "data">,
  brand = TENSORGATE_BRAND,
): Promise<LaidOut> {
  return await layOut(writeLetter(template, data, brand), brand);
}

/** The same message, with this text in the place of every text in it but its links. */
function withNames({ template, data, to }: Message, name: string): Message {
  const told = Object.entries({ ...data }).map(([field, value]): [string, unknown] => {
    const isName = typeof value === "string" && !field.toLowerCase().endsWith("url");
    return [field, isName ? name : value];
  });
  const message: unknown = { to, template, data: Object.fromEntries(told) };
  return message as Message;
}

/** The elements of a page, in their order, without what they say. */
const elementsOf = (html: string): string[] => html.match(/<\/?[a-z]\w*/gi) ?? [];

describe.each(messages)("the template %s", (_name, message) => {
  test("has a subject of one line that names the brand or what it is about", async () => {
    const { subject } = await laidOut(message);
    expect(subject).toMatch(/Tensorgate|Acme/);
    expect(subject.length).toBeLessThanOrEqual(100);
  });

  test("writes every link that it was told into the text and into the HTML, there as text too", async () => {
    const { text, html } = await laidOut(message);
    const told = Object.values(message.data)
      .map(String)
      .filter((value) => value.startsWith("https://"));
    expect(linksIn(text).toSorted()).toEqual(told.toSorted());
    for (const url of told) {
      expect(html).toContain(`href="${url}"`);
      expect(html).toContain(`>${url}</a>`);
    }
  });

  test("says in the HTML whatever it says in the text", async () => {
    const { text, html } = await laidOut(message);
    const shown = html.replaceAll(/<style>[^]*?<\/style>|<[^>]*>/g, " ").replaceAll("&#39;", "'");
    const words = shown.replaceAll(/\s+/g, " ");
    for (const line of text.split("\n").filter((one) => one !== "-- ")) {
      for (const piece of line.split(/: |:$/)) expect(words).toContain(piece);
    }
  });

  test("fetches nothing and runs nothing", async () => {
    const { html } = await laidOut(message);
    expect(html).not.toMatch(/<img|<script|<link|src=|@import|url\(|\son\w+=/);
  });

  test("carries the brand: its name, logo, colour, support address and footer", async () => {
    const { subject, text, html } = await laidOut(message, ACME);
    expect(subject + text + html).not.toContain("Tensorgate");
    expect(text).toContain("-- \nAcme & Sons\nQuestions? Write to help@acme.example.\nAcme & Sons Main Street 1\n");
    expect(html).toContain('<img src="https://acme.example/logo.png?a=1&amp;b=2" alt="Acme &amp; Sons"');
    expect(html).toContain("background:#ffcc00;color:#000000");
    expect(html).not.toContain(TENSORGATE_BRAND.accentColor);
  });

  test("can be told any names: they stay in their line, in their length, and out of the markup", async () => {
    const plain = await laidOut(withNames(message, "Ada"));
    for (const name of HOSTILE_NAMES) {
      const { subject, text, html } = await laidOut(withNames(message, name));
      expect(isPrintable(subject) && isPrintable(text, true)).toBe(true);
      expect(subject.length).toBeLessThanOrEqual(150);
      expect(text.split("\n").length).toBe(plain.text.split("\n").length);
      expect(text.length).toBeLessThan(5000);
      expect(elementsOf(html)).toEqual(elementsOf(plain.html));
      expect(linksIn(text)).toEqual(linksIn(plain.text));
    }
  });
});

test("a link that is none is a fault, and no mail", async () => {
  const data = { url: "javascript:alert(1)", expiresAtMs: 0 };
  await expect(laidOut({ template: "reset-password", data })).rejects.toThrow("A link of an e-mail");
});
