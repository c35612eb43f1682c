/** One request over HTTP, and all that its sender may learn of it. */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

import { faultMessage } from "../conformance/fault.ts";

/** What came back. */
export type Answer =
  | { readonly kind: "answered"; readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }
  /** Nothing, so that the sender can't know what became of the request. */
  | { readonly kind: "lost"; readonly reason: string }
  /** Nothing, because nobody was there to take the request. */
  | { readonly kind: "unsent" };

export interface Exchange {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** When the sender hangs up, in milliseconds after it has sent. */
  readonly hangUpAfterMs: number;
}

const agent = new Agent({ keepAlive: true });

/** Send a request once and wait for its whole answer. */
export async function exchange({ url, headers, body, hangUpAfterMs }: Exchange): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const lose = (error: Error): void => {
    const reason = "code" in error ? String(error.code) : faultMessage(error);
    resolve(reason === "ECONNREFUSED" ? { kind: "unsent" } : { kind: "lost", reason });
  };
  const outgoing = request(url, {
    method: "POST",
    agent,
    headers: { ...headers, "Content-Length": Buffer.byteLength(body) },
  });
  const timer = setTimeout(() => outgoing.destroy(new Error("the sender hung up")), hangUpAfterMs);
  outgoing.on("error", lose);
  outgoing.on("response", (incoming) => void read(incoming).then(resolve, lose));
  outgoing.end(body);
  const answer = await promise;
  clearTimeout(timer);
  return answer;
}

async function read(incoming: IncomingMessage): Promise<Answer> {
  let text = "";
  for await (const chunk of incoming.setEncoding("utf8")) text += String(chunk);
  return { kind: "answered", status: incoming.statusCode ?? 0, headers: incoming.headers, text };
}
