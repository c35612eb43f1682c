import decodingIsolate from "./decoding-isolate.ts";
import type { LoaderBindings } from "./loader-bindings.ts";

/** A Worker that decodes a body itself (`/in-place`) or forwards it to an isolate that does (`/forwarded`), by one function. */
export default {
  async fetch(request, env): Promise<Response> {
    if (new URL(request.url).pathname === "/in-place") return await decodingIsolate.fetch(request);
    const worker = env.LOADER.get("decoding", () => ({
      compatibilityDate: "2026-10-20",
      mainModule: "isolate.js",
      modules: { "isolate.js": env.ISOLATE_CODE },
      globalOutbound: null,
    }));
    return await worker.getEntrypoint().fetch(request);
  },
} satisfies ExportedHandler<LoaderBindings>;
