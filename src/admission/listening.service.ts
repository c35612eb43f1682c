import type { Refusal } from "./admission.rules.ts";
import type { cellOf } from "./cells.ts";
import { LISTENER_HEADER, type Listener } from "./listeners.rules.ts";

/** The feed as a socket that nobody has accepted yet, or why the caller may not listen. */
export type Opened = { readonly kind: "open"; readonly socket: WebSocket } | Refusal;

/** Open the live feed of a tenant's cell. The cell asks once more whether the listener may: it closes the feed when it may not. */
export async function openFeed(cell: ReturnType<typeof cellOf>, listener: Listener): Promise<Opened> {
  const response = await cell.fetch("https://cell/", {
    headers: { Upgrade: "websocket", [LISTENER_HEADER]: JSON.stringify(listener) },
  });
  return response.webSocket ? { kind: "open", socket: response.webSocket } : await response.json<Refusal>();
}
