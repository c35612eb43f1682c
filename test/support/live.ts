import { expect } from "vitest";
import type { z } from "zod";
import { liveFrameSchema } from "../../src/usage/feed.schemas.ts";
import { type TestTenant, call } from "./tenant.ts";

export type Frame = z.infer<typeof liveFrameSchema>;
export type Tick = Extract<Frame, { type: "tick" }>;

/** What came over a listener's socket: a frame, another text, or its end. */
type Received = { text: string } | { code: number; reason: string };

/** A listener to a tenant's live feed, as a client holds it. */
export class TestListener {
  readonly socket: WebSocket;
  readonly #received: Received[] = [];
  #waiting: ((received: Received) => void) | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take({ text: String(data) }));
    socket.addEventListener("close", ({ code, reason }) => this.#take({ code, reason }));
    socket.accept();
  }

  /** How many frames have come and were not taken yet. */
  get unread(): number {
    return this.#received.length;
  }

  /** The next text, in order. */
  async text(): Promise<string> {
    const received = await this.#next();
    if (!("text" in received)) throw new Error(`The socket was closed: ${JSON.stringify(received)}.`);
    return received.text;
  }

  /** The next frame, in order. */
  async frame(): Promise<Frame> {
    return liveFrameSchema.parse(JSON.parse(await this.text()));
  }

  async tick(): Promise<Tick> {
    const frame = await this.frame();
    if (frame.type !== "tick") throw new Error(`Expected a tick, got ${JSON.stringify(frame)}.`);
    return frame;
  }

  /** Take ticks until this many inferences were settled in them. */
  async ticksUntilSettled(count: number): Promise<Tick[]> {
    const ticks: Tick[] = [];
    const settled = ({ settled: by }: Tick): number => by.ok + by.rejected + by.failed + by.unsettled;
    while (sumOf(ticks, settled) < count) ticks.push(await this.tick());
    return ticks;
  }

  /** The end, with nothing before it. */
  async closed(): Promise<{ code: number; reason: string }> {
    const received = await this.#next();
    if ("text" in received) throw new Error(`The socket is open still: ${received.text}.`);
    return received;
  }

  async #next(): Promise<Received> {
    const first = this.#received.shift();
    if (first) return first;
    const { promise, resolve } = Promise.withResolvers<Received>();
    this.#waiting = resolve;
    return await promise;
  }

  #take(received: Received): void {
    const wake = this.#waiting;
    this.#waiting = undefined;
    if (wake) wake(received);
    else this.#received.push(received);
  }
}

/** One figure, summed over frames. */
export function sumOf(ticks: readonly Tick[], figure: (tick: Tick) => number): number {
  return ticks.reduce((sum, tick) => sum + figure(tick), 0);
}

/** Ask for the feed as a WebSocket. */
export async function openLive(tenant: TestTenant, headers: Record<string, string> = {}): Promise<Response> {
  return await tenant.call("GET", "/v1/usage/live", { headers: { Upgrade: "websocket", ...headers } });
}

/** The WebSocket of an answer that opened one. */
export function requireSocket(response: Response): WebSocket {
  expect(response.status).toBe(101);
  if (!response.webSocket) throw new Error("The answer has no WebSocket.");
  return response.webSocket;
}

/** Listen to a tenant's feed; its hello is taken already. */
export async function listen(tenant: TestTenant): Promise<TestListener> {
  const listener = new TestListener(requireSocket(await openLive(tenant)));
  expect(await listener.frame()).toMatchObject({ type: "hello", protocol: 1 });
  return listener;
}

/** Ask without any header but these, as a browser does. */
export async function openAsBrowser(protocols: readonly string[]): Promise<Response> {
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols.join(", ") };
  return await call("GET", "/v1/usage/live", { headers });
}
