import type { ByeFrame } from "./feed.rules.ts";

/** Between two comments, which keep proxies from taking a quiet stream for a dead one. */
const HEARTBEAT_MS = 30_000;
/** Bytes that wait for a reader at most; one that leaves more behind is too slow. */
const MAX_WAITING_BYTES = 64 * 1024;

/**
 * The live feed as Server-Sent Events: each frame is one message, and a comment stands where a WebSocket has ping and pong.
 *
 * @param socket  of the cell; accepted here, and closed when the reader leaves
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function eventStream(socket: WebSocket): ReadableStream<Uint8Array> {
  const queue = new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES });
  return new ReadableStream<Uint8Array>(new FeedSource(socket), queue);
}

class FeedSource implements UnderlyingSource<Uint8Array> {
  readonly #socket: WebSocket;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string" && data !== "pong") this.#write(message(data));
    });
    this.#socket.addEventListener("close", () => this.#end());
    this.#socket.addEventListener("error", () => this.#end());
    this.#socket.accept();
    this.#heartbeat = setInterval(() => {
      this.#socket.send("ping");
      this.#write(":\n\n");
    }, HEARTBEAT_MS);
  }

  cancel(): void {
    this.#controller = undefined;
    this.#end();
    this.#socket.close(1000, "The reader left.");
  }

  #write(text: string): void {
    const isTooSlow = (this.#controller?.desiredSize ?? 0) <= 0;
    this.#controller?.enqueue(new TextEncoder().encode(isTooSlow ? message(TOO_SLOW) : text));
    if (!isTooSlow) return;
    this.#end();
    this.#socket.close(1008, "too-slow");
  }

  /** What waits in the stream is still read; nothing comes after it. */
  #end(): void {
    clearInterval(this.#heartbeat);
    this.#controller?.close();
    this.#controller = undefined;
  }
}

const TOO_SLOW = JSON.stringify({ type: "bye", reason: "too-slow" } satisfies ByeFrame);

function message(data: string): string {
  return `data: ${data}\n\n`;
}
