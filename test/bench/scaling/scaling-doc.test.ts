import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type NamedTable, left, markdownOf, right, withTables } from "../../../bench/scaling/named-table.ts";
import { scalingTables } from "../../../bench/scaling/scaling-tables.ts";

const DOCUMENT = join(import.meta.dirname, "../../../docs/scaling.md");
const table: NamedTable = { name: "one", title: "One", columns: [left("what"), right("much")], rows: [["a", "1"]] };

test("docs/scaling.md says what is computed; node scripts/write-scaling-tables.ts brings it up to date", async () => {
  const document = await readFile(DOCUMENT, "utf8");
  expect(withTables(document, scalingTables())).toBe(document);
}, 60_000);

test("a table replaces what stood in its place, and nothing else", () => {
  expect(markdownOf(table)).toBe("| what | much |\n|---|---:|\n| a | 1 |");
  const document = "before\n<!-- table: one -->\nold\n<!-- end -->\nafter <!-- end -->";
  const expected = `before\n<!-- table: one -->\n${markdownOf(table)}\n<!-- end -->\nafter <!-- end -->`;
  expect(withTables(document, [table])).toBe(expected);
});

test("a table without a place in the document is told", () => {
  expect(() => withTables("<!-- table: other --><!-- end -->", [table])).toThrow('no place for "one"');
});
