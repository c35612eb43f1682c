import { type Column, formatTable } from "../report.ts";

/** A table of docs/scaling.md, which is also printed by its benchmark. */
export interface NamedTable {
  /** Marks its place in the document. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** A table for the terminal. */
export function textOf({ columns, rows }: NamedTable): string {
  return formatTable(columns, rows);
}

/** A table in Markdown, without its title. */
export function markdownOf({ columns, rows }: NamedTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = columns.map(({ align }) => (align === "left" ? "---" : "---:"));
  return [line(columns.map(({ head }) => head)), `|${rule.join("|")}|`, ...rows.map(line)].join("\n");
}

/**
 * Put tables into a document, between `<!-- table: name -->` and `<!-- end -->`.
 *
 * @throws Error when a table has no place in it
 */
export function withTables(document: string, tables: readonly NamedTable[]): string {
  return tables.reduce((text, table) => {
    const begin = `<!-- table: ${table.name} -->`;
    const [before, rest] = text.split(begin);
    const [, after] = rest?.split(/<!-- end -->(.*)/s) ?? [];
    if (before === undefined || after === undefined) throw new Error(`The document has no place for "${table.name}".`);
    return `${before}${begin}\n${markdownOf(table)}\n<!-- end -->${after}`;
  }, document);
}

export const left = (head: string): Column => ({ head, align: "left" });
export const right = (head: string): Column => ({ head, align: "right" });
