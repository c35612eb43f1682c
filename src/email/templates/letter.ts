/**
 * What a mail says, before it is laid out: stated once, so that its text and its HTML can't tell different things.
 *
 * All of it is plain text. The layout escapes it and makes each piece one line.
 */
export interface Letter {
  readonly subject: string;
  /** What a list of mails shows beside the subject. */
  readonly preheader: string;
  readonly heading: string;
  readonly parts: readonly Part[];
}

/** One piece of a letter, in its order. */
export type Part =
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "facts"; readonly facts: readonly (readonly [what: string, value: string])[] }
  /** The one thing to do; the link is written out beneath it. */
  | { readonly kind: "button"; readonly label: string; readonly url: string }
  | { readonly kind: "link"; readonly label: string; readonly url: string };

/** A link that is over some day. */
export interface TimedLink {
  readonly url: string;
  /** ms since 1970. */
  readonly expiresAtMs: number;
}

/** Something that happened to an account, and where to see to it. */
export interface AccountEvent {
  /** ms since 1970. */
  readonly atMs: number;
  readonly url: string;
}

export const paragraph = (text: string): Part => ({ kind: "paragraph", text });
export const facts = (...rows: readonly (readonly [what: string, value: string | undefined])[]): Part => ({
  kind: "facts",
  facts: rows.flatMap(([what, value]) => (value === undefined ? [] : [[what, value] as const])),
});
export const button = (label: string, url: string): Part => ({ kind: "button", label, url });
export const link = (label: string, url: string): Part => ({ kind: "link", label, url });
