import { html } from "hono/html";
import type { Brand } from "./brand.rules.ts";
import type { Letter, Part } from "./templates/letter.ts";
import { oneLine, textColourOn, webAddress } from "./wording.rules.ts";

/** Far below what a header line may hold. @see RFC 5322 section 2.1.1 */
const MAX_SUBJECT_CHARACTERS = 150;

/** A letter as it is read: the same in plain text and in HTML. */
export interface LaidOut {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * Lay a letter out in a brand. Whatever a template forgot, no piece of it starts a line, a header or an element of its own.
 *
 * @throws Error where a link is none
 */
export async function layOut(letter: Letter, brand: Brand): Promise<LaidOut> {
  const clean: Letter = {
    subject: oneLine(letter.subject, MAX_SUBJECT_CHARACTERS),
    preheader: oneLine(letter.preheader),
    heading: oneLine(letter.heading),
    parts: letter.parts.map(cleanPart),
  };
  return { subject: clean.subject, text: asText(clean, brand), html: String(await asHtml(clean, brand)) };
}

function cleanPart(part: Part): Part {
  switch (part.kind) {
    case "paragraph":
      return { ...part, text: oneLine(part.text) };
    case "facts":
      return { ...part, facts: part.facts.map(([what, value]) => [oneLine(what), oneLine(value)]) };
    case "button":
    case "link":
      return { ...part, label: oneLine(part.label), url: webAddress(part.url) };
  }
}

function asText({ heading, parts }: Letter, brand: Brand): string {
  const blocks = [heading, ...parts.map(partAsText), ["-- ", ...signature(brand)].join("\n")];
  return `${blocks.join("\n\n")}\n`;
}

function partAsText(part: Part): string {
  switch (part.kind) {
    case "paragraph":
      return part.text;
    case "facts":
      return part.facts.map(([what, value]) => `${what}: ${value}`).join("\n");
    case "button":
    case "link":
      return `${part.label}:\n${part.url}`;
  }
}

function signature({ productName, supportEmail, footer }: Brand): string[] {
  const question = supportEmail === undefined ? [] : [`Questions? Write to ${supportEmail}.`];
  return [productName, ...question, ...(footer === undefined ? [] : [oneLine(footer)])];
}

/** What mail programs read: colours for light and dark, and nothing that needs an image, a script or a font. */
const STYLE = html`
  <style>
    :root {
      color-scheme: light dark;
      supported-color-schemes: light dark;
    }
    @media (prefers-color-scheme: dark) {
      .page {
        background: #111317 !important;
      }
      .card {
        background: #1b1e24 !important;
        border-color: #343a44 !important;
      }
      .ink,
      .ink a {
        color: #eceef2 !important;
      }
      .faint,
      .faint a {
        color: #a3abb8 !important;
      }
    }
  </style>
`;
const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const INK = `${FONT};font-size:16px;line-height:1.5;color:#1b1e24`;
const FAINT = `${FONT};font-size:13px;line-height:1.5;color:#5b6472`;

function asHtml({ subject, preheader, heading, parts }: Letter, brand: Brand) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <base target="_blank" />
        <title>${subject}</title>
        ${STYLE}
      </head>
      <body class="page" style="margin:0;padding:0;background:#f3f4f6">
        <div style="display:none;max-height:0;overflow:hidden">${preheader}</div>
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" class="page" style="background:#f3f4f6">
          <tr>
            <td align="center" style="padding:24px 12px">
              <table
                role="presentation"
                width="100%"
                cellpadding="0"
                cellspacing="0"
                style="max-width:560px;table-layout:fixed"
              >
                <tr>
                  <td class="ink" style="${INK};font-weight:600;padding:0 4px 16px">${masthead(brand)}</td>
                </tr>
                <tr>
                  <td
                    class="card ink"
                    style="${INK};background:#ffffff;border:1px solid #dfe3e8;border-radius:8px;padding:28px;overflow-wrap:break-word;word-break:break-word"
                  >
                    <h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">${heading}</h1>
                    ${parts.map((part) => partAsHtml(part, brand))}
                  </td>
                </tr>
                <tr>
                  <td class="faint" style="${FAINT};padding:16px 4px 0">
                    ${signature(brand).map((line) => html`<div>${line}</div>`)}
                  </td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html>`;
}

function masthead({ productName, logoUrl }: Brand) {
  if (logoUrl === undefined) return productName;
  return html`<img src="${logoUrl}" alt="${productName}" height="32" style="height:32px;border:0" />`;
}

function partAsHtml(part: Part, { accentColor }: Brand) {
  switch (part.kind) {
    case "paragraph":
      return html`<p style="margin:0 0 16px">${part.text}</p>`;
    case "facts":
      return html`<table role="presentation" cellpadding="0" cellspacing="0" style="margin:0 0 16px">
        ${part.facts.map(([what, value]) => fact(what, value))}
      </table>`;
    case "button":
      return html`<p style="margin:24px 0 8px">
          <a href="${part.url}" style="${buttonStyle(accentColor)}">${part.label}</a>
        </p>
        <p class="faint" style="${FAINT};margin:0 0 24px;word-break:break-all">
          Or open this address: <a class="faint" style="color:#5b6472" href="${part.url}">${part.url}</a>
        </p>`;
    case "link":
      return html`<p style="margin:0 0 16px;word-break:break-all">
        ${part.label}: <a style="color:#1b1e24" href="${part.url}">${part.url}</a>
      </p>`;
  }
}

function fact(what: string, value: string) {
  return html`<tr>
    <td class="faint" style="${FAINT};padding:2px 16px 2px 0;vertical-align:baseline;white-space:nowrap">${what}</td>
    <td class="ink" style="${INK};padding:2px 0;vertical-align:baseline;word-break:break-word">${value}</td>
  </tr>`;
}

function buttonStyle(accentColor: string): string {
  const colours = `background:${accentColor};color:${textColourOn(accentColor)} !important`;
  return `${FONT};font-size:16px;font-weight:600;${colours};display:inline-block;padding:12px 20px;border-radius:6px;text-decoration:none`;
}
