/** Texts that end a header's line, and begin another one, in a program that takes them as they are. */
const LINE_BREAKS = ["\r\n", "\n", "\r", "\n\r\n", "\0", "\v", "\f", "\u0085", "\u2028", "\u2029"];

/** What an attacker gives as the one address of a recipient. */
export const HOSTILE_ADDRESSES = [
  ...LINE_BREAKS.flatMap((lineBreak) => [
    `a@example.com${lineBreak}Bcc: b@evil.example`,
    `a${lineBreak}b@example.com`,
    `a@example.com${lineBreak}`,
    `${lineBreak}a@example.com`,
  ]),
  "a@example.com,b@evil.example",
  "a@example.com, b@evil.example",
  "a@example.com;b@evil.example",
  "a@example.com b@evil.example",
  "a@example.com\tb@evil.example",
  "<a@example.com>",
  "Ada <a@example.com>",
  "a@example.com> b@evil.example",
  "friends: a@example.com, b@evil.example;",
  '"a,b@evil.example"@example.com',
  '"a\r\nBcc: b@evil.example"@example.com',
  "a(b@evil.example)@example.com",
  "a@b@example.com",
  "a@[127.0.0.1]",
  "a@example.com?bcc=b@evil.example",
  "a\u202e@example.com",
  "ａ@example.com",
];

/** Names of people, organisations, devices and keys. */
export const HOSTILE_NAMES = [
  ...LINE_BREAKS.map((lineBreak) => `Ada${lineBreak}Bcc: b@evil.example${lineBreak}${lineBreak}<b>Hello</b>`),
  "Ada\u202e\u2066moc.elpmaxe\u2069",
  "\ud800half\udfff",
  '"><script>alert(1)</script><a href="javascript:alert(1)">',
  "</title></style><img src=x onerror=alert(1)>",
  "Ada, Bob <b@evil.example>",
  "{{7*7}} %s %0d%0aBcc:",
  "a".repeat(100_000),
  "",
];

/** Whether a text is one line, or lines if it may be, of what can be shown. As a yes or no: half a character breaks a report of it. */
export function isPrintable(text: string, mayHaveLines = false): boolean {
  return !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202e\u2066]/u.test(mayHaveLines ? text.replaceAll("\n", "") : text);
}
