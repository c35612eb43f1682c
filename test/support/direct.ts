import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import worker from "../../src/index.ts";
import { type CallOptions, type TestTenant, requestOf } from "./tenant.ts";

/** What a call may say besides what every call may. */
export interface DirectCallOptions extends CallOptions {
  /** Bindings to put in the place of the Worker's own, such as one that fails. */
  readonly bindings?: Partial<Env>;
}

/**
 * Call the Worker's handler and wait for what it does after its answer, such as settling an inference.
 *
 * Calls at the same time go this way too: within `call` the vitest plugin keeps requests from waking each other
 * (`no_handle_cross_request_promise_resolution`), on which joined trips to a cell rest.
 */
export async function callToTheEnd(
  tenant: TestTenant,
  method: string,
  path: string,
  options: DirectCallOptions = {},
): Promise<Response> {
  const request = requestOf(method, path, {
    ...options,
    headers: { Authorization: `Bearer ${tenant.key}`, ...contentLength(options), ...options.headers },
  });
  const context = createExecutionContext();
  const response = await worker.fetch(request, { ...env, ...options.bindings }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** What a client announces on the wire, and a `Request` that never leaves the isolate does not have. */
function contentLength({ json, body }: CallOptions): Record<string, string> {
  const sent = json === undefined ? body : JSON.stringify(json);
  if (sent instanceof Uint8Array) return { "Content-Length": String(sent.byteLength) };
  return typeof sent === "string" ? { "Content-Length": String(Buffer.byteLength(sent)) } : {};
}
