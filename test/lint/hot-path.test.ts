import { join } from "node:path";
import { type Metafile, build } from "esbuild";
import { beforeAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const ENTRY = "src/index.ts";
/** What an inference never evaluates: the authorization server, and all that it brings along. */
const LAZY =
  /^src\/identity\/server\/|node_modules\/(@better-auth|better-auth|better-call|@simplewebauthn|kysely|nanostores)\//;

let inputs: Metafile["inputs"];
beforeAll(async () => {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*"],
    loader: { ".md": "text", ".txt": "text", ".wasm": "empty" },
    outdir: "unwritten",
  });
  inputs = metafile.inputs;
});

/** Every module that is evaluated when the Worker starts, with one that imports it. */
function evaluatedAtStart(): Map<string, string> {
  const seen = new Map([[ENTRY, ""]]);
  for (const [module] of seen) {
    const { imports = [] } = inputs[module] ?? {};
    for (const { path, kind, external } of imports) {
      if (kind !== "dynamic-import" && external !== true && !seen.has(path)) seen.set(path, module);
    }
  }
  return seen;
}

test("nothing of the authorization server is evaluated before somebody asks for it", () => {
  const evaluated = evaluatedAtStart();
  expect(evaluated.size).toBeGreaterThan(200);
  expect([...evaluated].filter(([module]) => LAZY.test(module))).toEqual([]);
  expect(Object.keys(inputs).filter((module) => LAZY.test(module)).length).toBeGreaterThan(50);
});
