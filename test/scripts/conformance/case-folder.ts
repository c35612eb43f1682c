/** Case folders for tests, written below a directory of their own. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Datatype } from "../../../scripts/conformance/tensors.ts";

/** A new empty directory; its test removes it. */
export function makeRoot(): string {
  return mkdtempSync(join(tmpdir(), "conformance-"));
}

/** A tensor as case files write it. */
export function tensor(datatype: Datatype, shape: number[], rest: object, name = "x"): object {
  return { name, shape, datatype, ...rest };
}

/** Write `model.onnx` (ten bytes, no real model) and a case file per case; gives the folder's path. */
export function writeFolder(root: string, name: string, cases: object[], files: Record<string, string> = {}): string {
  const directory = join(root, name);
  mkdirSync(directory);
  writeFileSync(join(directory, "model.onnx"), "onnx bytes");
  for (const [index, content] of cases.entries()) {
    const file = index === 0 ? "case.json" : `case.${index}.json`;
    writeFileSync(join(directory, file), JSON.stringify({ inputs: [], rtol: 0, atol: 0, ...content }));
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
  return directory;
}
