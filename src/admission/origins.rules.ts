/** What stands before the domain of a pattern that means all of its subdomains. */
const ANY_SUBDOMAIN = "https://*.";

/** The longest that an origin can be: a scheme, a name of 253 characters and a port, with what stands between them. */
export const MAX_ORIGIN_LENGTH = 267;

/** What a browser sends as the origin of a page that has none, such as a file or a sandboxed frame. */
export const OPAQUE_ORIGIN = "null";

/**
 * Whether a text names web pages by their origin: `https://app.example.com` for one, `https://*.example.com` for all subdomains of a
 * domain but not itself, or `*` for any.
 *
 * In the form in which browsers send it alone, so that an entry that could never match is not taken: lower case, without a path, and
 * without the port that the scheme has anyway. @see RFC 6454 section 6.1
 */
export function isOriginPattern(text: string): boolean {
  if (text === "*") return true;
  if (!text.startsWith(ANY_SUBDOMAIN)) return !text.includes("*") && isOrigin(text);
  const domain = text.slice(ANY_SUBDOMAIN.length);
  return !domain.includes("*") && isOrigin(`https://${domain}`) && /^[^.]+\.(?![\d.]+(:|$))/.test(domain);
}

function isOrigin(text: string): boolean {
  if (text.length > MAX_ORIGIN_LENGTH || !/^https?:/.test(text)) return false;
  return URL.parse(text)?.origin === text;
}

/** Whether pages of this origin may call: whether any pattern of the list means it. */
export function isAllowedOrigin(list: readonly string[], origin: string): boolean {
  return list.some((pattern) => pattern === "*" || pattern === origin || isSubdomain(pattern, origin));
}

function isSubdomain(pattern: string, origin: string): boolean {
  if (!pattern.startsWith(ANY_SUBDOMAIN) || !origin.startsWith("https://")) return false;
  const domain = pattern.slice(ANY_SUBDOMAIN.length - 1); // with its dot: "evilexample.com" is no subdomain of "example.com"
  const labels = origin.slice("https://".length, -domain.length);
  return origin.endsWith(domain) && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(labels);
}
