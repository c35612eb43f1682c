import { once } from "node:events";
import { request } from "node:http";
import { Failure } from "./failure.ts";

/** A call of the local Worker. */
export interface ApiCall {
  readonly method?: "GET" | "POST";
  readonly token: string;
  readonly json?: unknown;
}

/** An answer of the local Worker. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Call the API and give its answer, whatever its status. */
export async function callApi(url: string, { method = "GET", token, json }: ApiCall): Promise<ApiAnswer> {
  const response = await fetch(url, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** Call the API and give the body of its success. */
export async function succeed(url: string, call: ApiCall): Promise<unknown> {
  return requireSuccess(url, await callApi(url, call));
}

/** The body of a success; what the API says of a refusal otherwise. */
export function requireSuccess(url: string, { status, body }: ApiAnswer): unknown {
  if (status < 300) return body;
  throw new Failure(`${url} answered ${status}: ${JSON.stringify(body)}`, "The Worker's log may say more.");
}

/** Upload bytes and tell after each chunk how many have gone. */
export async function uploadFile(
  url: string,
  token: string,
  bytes: Uint8Array,
  onProgress: (sentBytes: number) => void,
): Promise<ApiAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
  const outgoing = request(url, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/octet-stream",
      "Content-Length": bytes.byteLength,
    },
  });
  outgoing.on("error", reject);
  outgoing.on("response", (incoming) => {
    let text = "";
    incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(text) }));
  });
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
    const chunk = bytes.subarray(start, start + CHUNK_BYTES);
    if (!outgoing.write(chunk)) await once(outgoing, "drain");
    onProgress(start + chunk.byteLength);
  }
  outgoing.end();
  return await promise;
}

const CHUNK_BYTES = 64 * 1024;
