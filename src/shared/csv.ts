/** What RFC 4180 calls the type, with its header row. */
export const CSV_TYPE = "text/csv; charset=utf-8; header=present";

/** Text that a spreadsheet would take for a formula. @see https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Write rows as comma-separated values (RFC 4180): CRLF behind each, quotes where they are needed.
 *
 * Text that a spreadsheet would take for a formula is given an apostrophe in front. Null is an empty field.
 */
export function toCsv(header: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  return [header, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

function field(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
