import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { eventStream } from "../../src/usage/event-stream.ts";

/** A stream, and the far end of its socket, as the cell has it. */
function newStream() {
  const { 0: near, 1: cell } = new WebSocketPair();
  const reader = eventStream(near).pipeThrough(new TextDecoderStream()).getReader();
  cell.accept();
  return { reader, cell };
}

/** The next message or close of a socket. */
async function nextOf(socket: WebSocket): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  socket.addEventListener("message", ({ data }) => resolve(data), { once: true });
  socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }), { once: true });
  return await promise;
}

describe("the event stream", () => {
  test("gives each frame as one message, and ends with the socket", async () => {
    const { reader, cell } = newStream();
    cell.send('{"type":"bye"}');
    expect(await reader.read()).toEqual({ done: false, value: 'data: {"type":"bye"}\n\n' });
    cell.close(1008, "revoked-key");
    expect(await reader.read()).toMatchObject({ done: true });
  });

  test("closes the socket when its reader leaves", async () => {
    const { reader, cell } = newStream();
    const closed = nextOf(cell);
    await reader.cancel();
    expect(await closed).toMatchObject({ code: 1000 });
  });

  test("says good-bye to a reader that leaves more than 64 KiB behind, and holds no more for it", async () => {
    const { 0: near, 1: cell } = new WebSocketPair();
    const stream = eventStream(near);
    cell.accept();
    const closed = nextOf(cell);
    for (let i = 0; i < 100; i++) cell.send(JSON.stringify({ type: "tick", filling: "x".repeat(1_000) }));
    expect(await closed).toEqual({ code: 1008, reason: "too-slow" });
    const text = await new Response(stream).text();
    expect(text).toMatch(/data: \{"type":"bye","reason":"too-slow"\}\n\n$/);
    expect(text.length).toBeLessThan(70_000);
  });
});

describe("every 30 seconds", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
  afterEach(() => vi.useRealTimers());

  test("the event stream pings the cell and writes a comment, until it ends", async () => {
    const { reader, cell } = newStream();
    const pinged = nextOf(cell);
    vi.advanceTimersByTime(29_999);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await pinged).toBe("ping");
    cell.send("pong");
    expect(await reader.read()).toEqual({ done: false, value: ":\n\n" });
    cell.close(1000);
    expect(await reader.read()).toMatchObject({ done: true }); // the pong was no event
    expect(vi.getTimerCount()).toBe(0);
  });
});
