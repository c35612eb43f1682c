import { setTimeout as pause } from "node:timers/promises";

/** A limit as it stands. docs/live.md explains every member. */
interface Limit {
  readonly name: string;
  readonly limit: number;
  readonly remaining: number;
}

/** A frame of the live feed, as far as this example reads it. */
export type Frame =
  | { readonly type: "hello"; readonly server_time: string; readonly limits: readonly Limit[] }
  | {
      readonly type: "tick";
      readonly at: string;
      readonly admitted: number;
      readonly refused: Readonly<Record<string, number>>;
      readonly compute_latency_ms: { readonly p50: number | null; readonly p99: number | null };
      readonly cost_micro_usd: number;
      readonly in_flight: number;
      readonly limits: readonly Limit[];
    }
  | { readonly type: "bye"; readonly reason: string };

/** What the server closes a socket with when coming back would not help: the key, or what it may. */
const POLICY_VIOLATION = 1008;
const PING_MS = 30_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Listen to a tenant's live feed until it is told to go, and come back when the connection breaks.
 *
 * @param origin  where the service is, such as `https://api.example.com`
 * @param key     an API key with the scope `usage:read`
 * @returns when the feed has ended for good, why
 */
export async function follow(origin: string, key: string, onFrame: (frame: Frame) => void): Promise<string> {
  for (let failures = 0; ; failures += 1) {
    const { code, reason, hasOpened } = await listenOnce(origin, key, onFrame);
    if (code === POLICY_VIOLATION) return reason;
    if (hasOpened) failures = 0;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures);
    await pause(pauseMs * (0.5 + Math.random() / 2));
  }
}

async function listenOnce(origin: string, key: string, onFrame: (frame: Frame) => void) {
  const url = `${origin.replace(/^http/, "ws")}/v1/usage/live`;
  const socket = new WebSocket(url, ["tensorgate.live.v1", `key.${key}`]);
  const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string; hasOpened: boolean }>();
  let hasOpened = false;
  const heartbeat = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send("ping");
  }, PING_MS);
  socket.addEventListener("open", () => {
    hasOpened = true;
  });
  socket.addEventListener("message", ({ data }) => {
    if (typeof data === "string" && data !== "pong") onFrame(readFrame(data));
  });
  socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason, hasOpened }));
  try {
    return await promise;
  } finally {
    clearInterval(heartbeat);
  }
}

function readFrame(text: string): Frame {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the service's own frames, of the protocol that was agreed on
  return JSON.parse(text) as Frame;
}
