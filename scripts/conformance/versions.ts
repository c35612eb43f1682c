/** What a report was measured with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import type { Versions } from "./markdown.ts";

const isolatePackage = z.object({ dependencies: z.object({ "onnxruntime-web": z.string() }) });
const containerPackage = z.object({ dependencies: z.object({ "onnxruntime-node": z.string() }) });

function readPackage<T>(path: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(join(import.meta.dirname, "../..", path), "utf8")));
}

/** This Node, and the runtimes that this checkout pins: those of a server that it has built. */
export function readVersions(): Versions {
  return {
    node: process.versions.node,
    onnxruntimeWeb: readPackage("package.json", isolatePackage).dependencies["onnxruntime-web"],
    onnxruntimeNode: readPackage("container/package.json", containerPackage).dependencies["onnxruntime-node"],
  };
}
