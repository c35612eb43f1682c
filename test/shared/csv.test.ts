import { describe, expect, test } from "vitest";
import { toCsv } from "../../src/shared/csv.ts";

describe("toCsv", () => {
  test("ends every line with CRLF, the last one too, and leaves nulls empty", () => {
    expect(
      toCsv(
        ["a", "b"],
        [
          ["x", 1],
          [null, 0],
        ],
      ),
    ).toBe("a,b\r\nx,1\r\n,0\r\n");
  });

  test("quotes what holds commas, quotes or line ends, and doubles the quotes within", () => {
    expect(toCsv(["a"], [["1,5"], ['say "hi"'], ["two\nlines"], ["plain text"]])).toBe(
      'a\r\n"1,5"\r\n"say ""hi"""\r\n"two\nlines"\r\nplain text\r\n',
    );
  });

  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])(
    "puts an apostrophe before %j, which a spreadsheet would run",
    (text) => {
      expect(toCsv(["a"], [[text]])).toBe(`a\r\n'${text}\r\n`);
    },
  );

  test("quotes a formula too, where it needs quotes", () => {
    expect(toCsv(["a"], [['=HYPERLINK("http://evil.test","x")']])).toBe(
      'a\r\n"\'=HYPERLINK(""http://evil.test"",""x"")"\r\n',
    );
  });

  test("leaves numbers as they are, negative ones too", () => {
    expect(toCsv(["a"], [[-1]])).toBe("a\r\n-1\r\n");
  });
});
