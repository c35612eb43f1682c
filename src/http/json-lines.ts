import type { Context, TypedResponse } from "hono";
import { accepts } from "hono/accepts";
import type { AppEnv } from "./context.ts";

/** One JSON value on each line. @see https://github.com/ndjson/ndjson-spec */
export const NDJSON = "application/x-ndjson";

/** Answer with lines that are read as the client takes them. */
export function linesOf(pieces: AsyncGenerator<Uint8Array>): Response & TypedResponse<never, 200, "json"> {
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = await pieces.next();
      if (piece.done) controller.close();
      else controller.enqueue(piece.value);
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
  const response = new Response(stream, { headers: { "Content-Type": NDJSON } });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the router takes every media type that ends in "json" for JSON
  return response as Response & TypedResponse<never, 200, "json">;
}

/** What the header Accept asks for: one document where it doesn't say. */
export function wantedFormat(c: Context<AppEnv>): "json" | "ndjson" {
  const type = accepts(c, { header: "Accept", supports: ["application/json", NDJSON], default: "application/json" });
  return type === NDJSON ? "ndjson" : "json";
}
