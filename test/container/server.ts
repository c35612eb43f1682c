import { createHash } from "node:crypto";
import { once } from "node:events";
import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { vi } from "vitest";
import { CONTAINER_HEADERS } from "../../engine/contract.ts";
import { type RunningContainer, startContainer } from "../../container/start.ts";

// Every file starts a server, and every model a process, slowly where others use the machine too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** The Worker's side of a container: it serves model files and calls the server. */
export interface Caller extends RunningContainer {
  /** Where model files come from. */
  readonly origin: Origin;
  /** Call a path under /v2 with the token. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** Run a model on JSON, made known by its source. */
  infer(id: string, source: string | undefined, request: unknown, init?: RequestInit): Promise<Response>;
  /** End the server and the origin. */
  end(): Promise<void>;
}

/** A file's part of a source. */
export interface PublishedFile {
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** An HTTP server for model files, in place of the Worker. */
export interface Origin {
  readonly url: string;
  /** Put a file up and get its part of a source. */
  put(file: Uint8Array): PublishedFile;
  /** Put a model up and get the header Tensorgate-Model-Source of the model that it is. */
  publish(model: Uint8Array, externalData?: Readonly<Record<string, Uint8Array>>): string;
  /** How often each published file was asked for. */
  readonly requests: Map<string, number>;
  close(): Promise<void>;
}

/** Start a server with an origin of its own. */
export async function startServer(environment: Readonly<Record<string, string>> = {}): Promise<Caller> {
  const origin = await startOrigin();
  const container = await startContainer({ modelOrigin: origin.url, environment: { LOG: "silent", ...environment } });
  const authorization = { Authorization: `Bearer ${container.token}` };
  const call: Caller["call"] = (path, init = {}) =>
    fetch(`${container.url}/v2${path}`, { ...init, headers: { ...authorization, ...(init.headers as object) } });
  return {
    ...container,
    origin,
    call,
    infer: (id, source, request, init = {}) =>
      call(`/models/${id}/infer`, {
        method: "POST",
        body: JSON.stringify(request),
        ...init,
        headers: { ...sourceHeader(source), ...(init.headers as object) },
      }),
    end: async () => {
      await container.stop();
      await origin.close();
    },
  };
}

/** The source as a request's header. */
export function sourceHeader(source: string | undefined): Record<string, string> {
  return source === undefined ? {} : { [CONTAINER_HEADERS.modelSource]: source };
}

/** A source as the Worker writes it. */
export function encodeSource(source: unknown): string {
  return Buffer.from(JSON.stringify(source)).toString("base64url");
}

/** What a source says of a file. */
export function describeFile(url: string, file: Uint8Array): PublishedFile {
  return { url, sha256: createHash("sha256").update(file).digest("hex"), bytes: file.byteLength };
}

/** Wait until something is so, as long as the test has time. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!(await isSo())) throw new Error("It is not so yet.");
    },
    { timeout: 30_000, interval: 10 },
  );
}

function breakOff(response: ServerResponse): void {
  response.writeHead(200, { "Content-Length": "64" }).write("x", () => response.destroy());
}

async function startOrigin(): Promise<Origin> {
  const files = new Map<string, Uint8Array>();
  const requests = new Map<string, number>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://origin");
    requests.set(pathname, (requests.get(pathname) ?? 0) + 1);
    const file = files.get(pathname);
    if (pathname === "/redirect") response.writeHead(302, { Location: "/elsewhere" }).end();
    else if (pathname === "/broken") breakOff(response);
    else if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const put = (file: Uint8Array): PublishedFile => {
    const path = `/${createHash("sha256").update(file).digest("hex")}`;
    files.set(path, file);
    return describeFile(`${url}${path}?signature=known-to-nobody-else`, file);
  };
  return {
    url,
    requests,
    put,
    publish: (model, externalData = {}) =>
      encodeSource({
        model: put(model),
        externalData: Object.entries(externalData).map(([name, file]) => ({ name, ...put(file) })),
      }),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
