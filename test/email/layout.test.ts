import { describe, expect, test } from "vitest";
import { TENSORGATE_BRAND } from "../../src/email/brand.rules.ts";
import { type LaidOut, layOut } from "../../src/email/layout.ts";
import { button, facts, link, paragraph } from "../../src/email/templates/letter.ts";
import { HOSTILE_NAMES, isPrintable } from "./hostile.ts";

const url = "https://tensorgate.test/?a=1&b=<2>";

/** A letter of a template that takes whatever it is told as it is. */
async function careless(told: string): Promise<LaidOut> {
  const parts = [paragraph(told), facts([told, told], ["Nothing", undefined]), button(told, url), link(told, url)];
  return await layOut({ subject: told, preheader: told, heading: told, parts }, TENSORGATE_BRAND);
}

const elementsOf = (html: string): string[] => html.match(/<\/?[a-z]\w*/gi) ?? [];

describe("the layout", () => {
  test.each(HOSTILE_NAMES)(
    "lets %j start no line, no header and no element, where its template forgot to see to it",
    async (told) => {
      const [plain, { subject, text, html }] = [await careless("Ada"), await careless(told)];
      expect(isPrintable(subject) && subject.length <= 150).toBe(true);
      expect(isPrintable(text, true)).toBe(true);
      expect(text.split("\n").length).toBe(plain.text.split("\n").length);
      expect(isPrintable(html, true)).toBe(true);
      expect(elementsOf(html)).toEqual(elementsOf(plain.html));
    },
  );

  test("writes both forms from the same pieces, and leaves out what is not known", async () => {
    const { subject, text, html } = await careless("Ada & Bob");
    expect(subject).toBe("Ada & Bob");
    expect(text).toBe(`Ada & Bob

Ada & Bob

Ada & Bob: Ada & Bob

Ada & Bob:
https://tensorgate.test/?a=1&b=%3C2%3E

Ada & Bob:
https://tensorgate.test/?a=1&b=%3C2%3E

-- 
Tensorgate
`);
    expect(html).toContain("<title>Ada &amp; Bob</title>");
    expect(html).toContain('<a href="https://tensorgate.test/?a=1&amp;b=%3C2%3E"');
    expect(html).not.toContain("Nothing");
  });
});
