/** Names that lead into somebody's own network. */
const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|private)$/;

/**
 * Why a tenant's own inference server can't be called under this URL, or the URL as it is kept.
 *
 * Only https, a public name and no credentials in the URL. An address written as a number is refused altogether: a certificate
 * for one is rare, and private, link-local and loopback addresses have many spellings.
 */
export function checkServerUrl(text: string): { readonly url: string } | { readonly fault: string } {
  const url = URL.parse(text);
  if (!url) return { fault: "must be a URL like https://triton.example.com" };
  if (url.protocol !== "https:") return { fault: "must begin with https://" };
  if (url.username !== "" || url.password !== "") return { fault: "must hold no credentials; send `authorization`" };
  if (url.search !== "" || url.hash !== "") return { fault: "must have no query and no fragment" };
  const host = url.hostname.replace(/\.$/, "");
  if (/^\[|^[\d.]+$/.test(host)) return { fault: "must have a name, not an IP address" };
  if (!host.includes(".") || PRIVATE_NAMES.test(host)) return { fault: "must have a public name" };
  return { url: `${url.origin}${url.pathname.replace(/\/+$/, "")}` };
}
