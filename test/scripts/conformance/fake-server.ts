/** A small fake of the HTTP API, which records what it is asked. */
import { createServer, type Server } from "node:http";

/** A request as the fake saw it; `route` is its method and path with the model's name as NAME. */
export interface Recorded {
  readonly route: string;
  readonly contentType: string | undefined;
  readonly contentLength: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

export type FakeAnswer = { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> };

/** A server that creates, takes and deletes any model, and answers what `override` says instead. */
export class FakeServer {
  readonly requests: Recorded[] = [];
  readonly #server: Server;

  constructor(override: (request: Recorded, name: string) => FakeAnswer | undefined) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { headers, method = "", url = "" } = request;
        const name = url.split("/")[3] ?? "";
        const recorded = {
          route: `${method} ${url.replace(name === "" ? "\0" : name, "NAME")}`,
          contentType: headers["content-type"],
          contentLength: headers["content-length"],
          authorization: headers.authorization,
          body: Buffer.concat(chunks).toString(),
        };
        this.requests.push(recorded);
        const answer = override(recorded, name) ?? { status: method === "DELETE" ? 204 : 201 };
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
  }

  get routes(): string[] {
    return this.requests.map(({ route }) => route);
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP address was expected");
    return `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** The route of an inference. */
export const infer = "POST /v2/models/NAME/infer";

/** An answer with one INT64 output `y` of one element, echoing the request's id. */
export function answerWith(literal: string): (request: Recorded, name: string) => FakeAnswer | undefined {
  return ({ route, body }, name) => {
    if (route !== infer) return undefined;
    const id = /"id":("[^"]*")/.exec(body)?.[1] ?? "null";
    const outputs = `[{"name":"y","shape":[1],"datatype":"INT64","data":[${literal}]}]`;
    return { status: 200, body: `{"model_name":"${name}","model_version":"1","id":${id},"outputs":${outputs}}` };
  };
}
