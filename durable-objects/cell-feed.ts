import { LISTENER_HEADER, type Listener, refuseListener } from "../src/admission/listeners.rules.ts";
import { systemClock } from "../src/shared/clock.ts";
import {
  type ByeFrame,
  type FeedEvent,
  Second,
  type TickFrame,
  restOfSecondMs,
  secondOf,
} from "../src/usage/feed.rules.ts";
import { helloFrame, tickFrame } from "./cell-frames.ts";
import type { CellMemory } from "./cell-memory.ts";

/** A listener that has sent no ping for so long is gone or can't keep up: frames for it are not piled up any further. */
const SILENCE_MS = 120_000;
/** Characters that a message of a listener may have: nothing that it could say is longer. */
const MAX_MESSAGE = 1024;

/** What a socket remembers while the cell sleeps. */
interface Attachment {
  readonly listener: Listener;
  readonly sinceMs: number;
}

/**
 * Tells a tenant's listeners what its cell does, at most once a second.
 *
 * Their sockets belong to the runtime, which keeps them while the cell sleeps. What happens in a second lies in memory until it is
 * over; a timer is set with the first of it, and only where somebody listens. So a feed on which nothing happens costs nothing, and
 * a cell that falls over loses its listeners one second at most, where the ledger loses nothing.
 */
export class CellFeed {
  readonly #ctx: DurableObjectState;
  readonly #open: () => Promise<CellMemory | undefined>;
  #hasListeners: boolean;
  /** What is not told yet: the current second, and one before it where its timer is late. */
  #seconds: Second[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ctx: DurableObjectState, open: () => Promise<CellMemory | undefined>) {
    this.#ctx = ctx;
    this.#open = open;
    this.#hasListeners = this.#sockets().length > 0;
  }

  /** Where a batch notes what it does, to be {@link publish}ed once it is committed; undefined while nobody listens. */
  collect(): FeedEvent[] | undefined {
    return this.#hasListeners ? [] : undefined;
  }

  /** Count what was committed, to be told when its second is over. */
  publish(events: readonly FeedEvent[], nowMs: number): void {
    if (events.length === 0) return;
    let second = this.#seconds.at(-1);
    if (second?.startMs !== secondOf(nowMs)) {
      second = new Second(secondOf(nowMs));
      this.#seconds.push(second);
    }
    for (const event of events) second.count(event);
    this.#setTimer(nowMs);
  }

  /** Let somebody listen, or answer the refusal, as JSON. */
  accept(request: Request, memory: CellMemory | undefined): Response {
    if (!memory) return Response.json({ kind: "unknown-key" }, { status: 403 });
    const sinceMs = systemClock();
    this.#dropSilent(sinceMs);
    const listener = readListener(request);
    const refusal = refuseListener(memory, listener, this.#sockets().length, sinceMs);
    if (refusal) return Response.json(refusal, { status: 403 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#ctx.acceptWebSocket(server);
    server.serializeAttachment({ listener, sinceMs } satisfies Attachment);
    send(server, JSON.stringify(helloFrame(memory, sinceMs)));
    this.#hasListeners = true;
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Close the sockets of those who may not listen any longer, or whose credential has expired. */
  recheck(memory: CellMemory): void {
    const nowMs = systemClock();
    const byAge = this.#sockets().toSorted((one, other) => attachmentOf(one).sinceMs - attachmentOf(other).sinceMs);
    let others = 0;
    for (const socket of byAge) {
      const refusal = refuseListener(memory, attachmentOf(socket).listener, others, nowMs);
      if (refusal) dismiss(socket, refusal.kind);
      else others += 1;
    }
    this.#count();
  }

  /** A listener has nothing to say but pings, which the runtime answers itself; short texts are let pass. */
  heed(socket: WebSocket, message: string | ArrayBuffer): void {
    if (typeof message !== "string") socket.close(1003, "Only the text ping is understood.");
    else if (message.length > MAX_MESSAGE) socket.close(1009, "Only the text ping is understood.");
    this.#count();
  }

  /** A listener closed its socket, or its connection broke: close our side of it too. */
  leave(socket: WebSocket): void {
    socket.close(1000);
    this.#count();
  }

  /** Where nobody listens any longer, nothing is left to be told. */
  #count(): void {
    this.#hasListeners = this.#sockets().length > 0;
    if (this.#hasListeners) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#seconds = [];
  }

  #setTimer(nowMs: number): void {
    this.#timer ??= setTimeout(() => this.#ctx.waitUntil(this.#tellSeconds()), restOfSecondMs(nowMs));
  }

  /** The timer was set for the end of the oldest second. One that began since waits for its own end. */
  async #tellSeconds(): Promise<void> {
    this.#timer = undefined;
    const memory = await this.#open();
    const nowMs = systemClock();
    if (memory) this.recheck(memory);
    this.#dropSilent(nowMs);
    const over = this.#seconds.splice(0, Math.max(1, this.#seconds.length - 1));
    if (memory) for (const second of over) this.#tell(tickFrame(second, memory, nowMs));
    if (this.#seconds.length > 0) this.#setTimer(nowMs);
  }

  #tell(tick: TickFrame): void {
    const text = JSON.stringify(tick);
    for (const socket of this.#sockets()) send(socket, text);
  }

  #dropSilent(nowMs: number): void {
    for (const socket of this.#sockets()) {
      const pingedAtMs = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
      const heardAtMs = Math.max(pingedAtMs, attachmentOf(socket).sinceMs);
      if (nowMs - heardAtMs > SILENCE_MS) dismiss(socket, "silent");
    }
    this.#count();
  }

  #sockets(): WebSocket[] {
    return this.#ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN);
  }
}

function attachmentOf(socket: WebSocket): Attachment {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- accept() wrote it with this very type
  return socket.deserializeAttachment() as Attachment;
}

function readListener(request: Request): Listener {
  const header = request.headers.get(LISTENER_HEADER);
  if (header === null) throw new Error("The Worker says who wants to listen.");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- openFeed() wrote it with this very type
  return JSON.parse(header) as Listener;
}

/** One whose connection has broken just now must not keep the others from theirs. */
function send(socket: WebSocket, frame: string): void {
  try {
    socket.send(frame);
  } catch {
    // Its close is on the way here.
  }
}

function dismiss(socket: WebSocket, reason: string): void {
  send(socket, JSON.stringify({ type: "bye", reason } satisfies ByeFrame));
  socket.close(1008, reason);
}
