import { decodeBody } from "./decode-body.ts";
import { PIXELS } from "./pixels.ts";

/** An isolate that decodes what it is sent, and no more. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { inputs } = await decodeBody(request, PIXELS);
    return new Response(String(inputs[0]?.data.length));
  },
};
