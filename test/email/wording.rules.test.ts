import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  linksIn,
  momentInWords,
  nameInHeader,
  nameInText,
  oneLine,
  piecesOf,
  textColourOn,
  webAddress,
} from "../../src/email/wording.rules.ts";
import { isPrintable } from "./hostile.ts";

describe("one line", () => {
  test("has every run of line breaks, control characters and spaces as one space", () => {
    expect(oneLine("  Ada\r\n\t Bcc:\0\u2028x\u0085y  ")).toBe("Ada Bcc: x y");
  });

  test("has no marks that turn text round, and keeps the joiners that scripts and emoji need", () => {
    expect(oneLine("a\u202eb\u2066c\ufeffd")).toBe("a b c d");
    expect(oneLine("👩\u200d💻 می\u200cخواهم")).toBe("👩\u200d💻 می\u200cخواهم");
  });

  test("is cut to its length in characters, never within one", () => {
    expect(oneLine("👍👍👍", 3)).toBe("👍👍👍");
    expect(oneLine("👍👍👍👍", 3)).toBe("👍👍…");
  });

  test("is printable whatever it is made of", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(isPrintable(oneLine(text))).toBe(true);
      }),
    );
  });
});

describe("a name", () => {
  test("is cut to 64 characters", () => {
    expect(nameInText("n".repeat(100_000))).toBe(`${"n".repeat(63)}…`);
  });

  test("before an address has nothing that means something there", () => {
    expect(nameInHeader('Acme, Inc. <b@evil.example>; "x" (y)\\ [z]:')).toBe("Acme Inc. b evil.example x y z");
  });
});

describe("a moment", () => {
  test("is told in words, to the minute, in UTC", () => {
    expect(momentInWords(Date.parse("2026-11-21T03:47:59.999Z"))).toBe("21 November 2026 at 03:47 UTC");
  });
});

describe("a link of a mail", () => {
  test("is written as a browser would, without line breaks or spaces", () => {
    expect(webAddress("https://example.com/a b\r\nc?d=<e>")).toBe("https://example.com/a%20bc?d=%3Ce%3E");
  });

  test.each(["javascript:alert(1)//secret-token", "data:text/html,secret-token", "/go?token=secret-token", ""])(
    "is never %j, and the fault doesn't tell it",
    (url) => {
      expect(() => webAddress(url)).toThrow("A link of an e-mail is no address that starts with https:// or http://.");
    },
  );
});

describe("the links of a text", () => {
  test("are found once each, in their order", () => {
    const text = "Go:\nhttps://a.example/?x=1&y=2\n\nor http://b.example and https://a.example/?x=1&y=2";
    expect(linksIn(text)).toEqual(["https://a.example/?x=1&y=2", "http://b.example"]);
    expect(linksIn("javascript:alert(1) ftp://c.example")).toEqual([]);
  });

  test("part it into pieces which in a row are the text", () => {
    const piece = fc.constantFrom("https://a.example/", "http://", " ", "\n", "words", "<", '"', "");
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        const parted = piecesOf(text);
        expect(parted.map((part) => part.text).join("")).toBe(text);
        expect(parted.every((part) => part.text !== "")).toBe(true);
      }),
    );
  });
});

describe("the colour of text", () => {
  // #767676 has 0.1812 of white's light: (1.05 / 0.2312) = 4.54 to white, (0.2312 / 0.05) = 4.62 to black
  test.each([
    ["#000000", "#ffffff"],
    ["#1d4ed8", "#ffffff"],
    ["#757575", "#ffffff"],
    ["#767676", "#000000"],
    ["#ffcc00", "#000000"],
    ["#FFFFFF", "#000000"],
  ])("on %s is %s, the one with more contrast", (colour, text) => {
    expect(textColourOn(colour)).toBe(text);
  });
});
