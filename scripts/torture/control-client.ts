/** The run's own routes, beside the API (scripts/torture/worker/control.ts). */
import type { Server } from "./server.ts";

/** Call one of them; resolves with its JSON, or with undefined where it has none. */
export async function callControl(
  { baseUrl }: Pick<Server, "baseUrl">,
  method: "GET" | "PUT" | "POST",
  path: string,
  json?: object,
): Promise<unknown> {
  const response = await fetch(`${baseUrl}/torture/${path}`, {
    method,
    ...(json && { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /torture/${path} answered ${response.status}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}
