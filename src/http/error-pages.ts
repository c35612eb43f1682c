/** The section of docs/errors.md that explains a code, or undefined. Sections begin with `## code`. */
export function errorPage(markdown: string, code: string): string | undefined {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${code}\n`));
  return section && `## ${section.trimEnd()}\n`;
}
