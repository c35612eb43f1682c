/** What mail servers take at least. @see RFC 5321 section 4.5.3.1 */
const MAX_ADDRESS_CHARACTERS = 254;
const MAX_LOCAL_CHARACTERS = 64;

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const ADDRESS = new RegExp(`^(?=.{1,${MAX_LOCAL_CHARACTERS}}@)${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+${LABEL}$`);

/**
 * Whether a text is one address to which a mail may be sent, so that none smuggles in a second recipient or a header.
 *
 * The dot-atom form alone, in ASCII: no quoted parts, comments, names, lists, spaces or control characters. A domain of
 * other letters is written as it is in DNS (`xn--…`).
 *
 * @see RFC 5322 section 3.4.1
 */
export function isEmailAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS_CHARACTERS && ADDRESS.test(text);
}
