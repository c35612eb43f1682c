import { type Column, formatTable } from "../report.ts";

/** A table that a benchmark prints. */
export interface NamedTable {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** A table for the terminal. */
export function textOf({ columns, rows }: NamedTable): string {
  return formatTable(columns, rows);
}

export const left = (head: string): Column => ({ head, align: "left" });
export const right = (head: string): Column => ({ head, align: "right" });

/** An integer with separators of thousands. */
export function thousands(value: number): string {
  return Math.round(value).toLocaleString("en");
}
