/** The origin that was asked for last: nearly all requests of an isolate are for the same. */
let last = { start: "", origin: "" };

/** The origin of an absolute URL over HTTP, such as `https://api.example.com`. It lies before the first slash of its path. */
export function originOf(url: string): string {
  const end = url.indexOf("/", "https://".length);
  const start = end === -1 ? url : url.slice(0, end);
  if (start !== last.start) last = { start, origin: new URL(url).origin };
  return last.origin;
}
