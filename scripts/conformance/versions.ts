/** What a report was measured with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import type { Versions } from "./markdown.ts";

const packageSchema = z.object({ dependencies: z.object({ "onnxruntime-web": z.string() }) });

/** This Node, and the ONNX Runtime Web that this checkout pins: the one of a server that it has built. */
export function readVersions(): Versions {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  const { dependencies } = packageSchema.parse(JSON.parse(text));
  return { node: process.versions.node, onnxruntimeWeb: dependencies["onnxruntime-web"] };
}
