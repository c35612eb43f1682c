import { type Socket, connect } from "node:net";

/** One HTTP/1.1 answer, whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: () => string;
}

const HEAD_END = "\r\n\r\n";

/**
 * One keep-alive connection that carries one request at a time.
 *
 * Bytes are written ready-made and answers are read no further than needed, so that the generator takes about 10 µs of its
 * own processor per request and the server is what is measured.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #server: string;
  #received: Buffer = Buffer.alloc(0);
  #answered: ((answer: HttpAnswer) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  private constructor(socket: Socket, server: string) {
    this.#socket = socket;
    this.#server = server;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error.message));
    socket.on("close", () => this.#fail("the connection was closed"));
  }

  /** @param server  its name, for the error's text */
  static open(server: string, port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", (error) => reject(new Error(`${server} can't be reached: ${error.message}`)));
      socket.once("connect", () => resolve(new HttpConnection(socket, server)));
    });
  }

  /** Send one request and wait for its whole answer. */
  exchange(request: Uint8Array): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.toString("latin1", 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(`there is no Content-Length in ${head}`);
      return;
    }
    const body = this.#received.subarray(headEnd + HEAD_END.length);
    if (body.length < Number(length)) return;
    this.#received = Buffer.alloc(0);
    this.#answered?.({ status: Number(head.slice(9, 12)), text: () => body.toString() });
  }

  #fail(reason: string): void {
    this.#failed?.(new Error(`${this.#server} gave no answer: ${reason}. Has its process ended?`));
    this.#failed = undefined;
  }
}

/** The bytes of a request. */
export function httpRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array = new Uint8Array(),
): Buffer {
  const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = method === "GET" ? "" : `Content-Length: ${body.byteLength}\r\n`;
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: bench\r\n${given.join("")}${length}\r\n`),
    body,
  ]);
}
