/** Characters of a name that somebody chose: one name must not fill a subject. */
const MAX_NAME_CHARACTERS = 64;

/**
 * What no line shows: control characters with line breaks and NUL among them, marks that turn the direction of text,
 * halves of characters. Joiners stay, since scripts and emoji need them.
 */
const UNPRINTABLE = /(?![\u{200c}\u{200d}])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** What has a meaning of its own in a header with addresses. @see RFC 5322 section 3.2.3 */
const SPECIALS = /[()<>[\]:;@\\,"]/g;

const LINK = /https?:\/\/[^\s<>"]+/g;

/** Text as one printable line, cut to a length in characters: what came from a person can start no line or header. */
export function oneLine(text: string, maxCharacters = 2000): string {
  const characters = Array.from(text.replaceAll(UNPRINTABLE, " ").replaceAll(/\s+/g, " ").trim());
  return characters.length <= maxCharacters
    ? characters.join("")
    : `${characters.slice(0, maxCharacters - 1).join("")}…`;
}

/** A name that somebody chose, as it may stand in a sentence. */
export function nameInText(name: string): string {
  return oneLine(name, MAX_NAME_CHARACTERS);
}

/** A name as it may stand before an address in a header, in any mail server's hands. */
export function nameInHeader(name: string): string {
  return oneLine(name.replaceAll(SPECIALS, " "), MAX_NAME_CHARACTERS);
}

/** A moment for people of any time zone, to the minute: `21 November 2026 at 03:47 UTC`. */
export function momentInWords(atMs: number): string {
  const words = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
  return `${words.format(atMs)} UTC`;
}

/**
 * An address of the web as it is written into a mail.
 *
 * @throws Error where it is none, without telling it: it may hold a token
 */
export function webAddress(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") {
    throw new Error("A link of an e-mail is no address that starts with https:// or http://.");
  }
  return parsed.href;
}

/** A piece of a text: words, or a link to be followed. */
export interface TextPiece {
  readonly kind: "words" | "link";
  readonly text: string;
}

/** Part a text at its links. All pieces in a row are the text. */
export function piecesOf(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let end = 0;
  for (const { 0: link, index } of text.matchAll(LINK)) {
    if (index > end) pieces.push({ kind: "words", text: text.slice(end, index) });
    pieces.push({ kind: "link", text: link });
    end = index + link.length;
  }
  if (end < text.length) pieces.push({ kind: "words", text: text.slice(end) });
  return pieces;
}

/** Every link of a text once, in their order. */
export function linksIn(text: string): string[] {
  const links = piecesOf(text).filter(({ kind }) => kind === "link");
  return [...new Set(links.map((link) => link.text))];
}

/**
 * Black or white, whichever is easier to read on a colour.
 *
 * @param colour  `#rrggbb`
 * @see https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
 */
export function textColourOn(colour: string): "#000000" | "#ffffff" {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => linear(Number.parseInt(colour.slice(at, at + 2), 16)));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

/** A channel of sRGB, 0 to 255, as light, 0 to 1. */
function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
