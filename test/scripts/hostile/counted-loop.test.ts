import * as ort from "onnxruntime-web";
import { expect, it } from "vitest";

import { readOnnxFile } from "../../../engine/onnx-file.ts";
import { countedLoop, writeCountedLoop } from "../../../scripts/hostile/counted-loop.ts";

ort.env.wasm.numThreads = 1;

it("turns as often as its request says, which no look at the file tells", async () => {
  const model = writeCountedLoop();
  expect(readOnnxFile(model).unbounded).toEqual(["Loop has no constant trip count."]);

  const session = await ort.InferenceSession.create(model);
  expect(session.inputNames).toEqual(expect.arrayContaining(Object.keys(countedLoop.run ?? {})));
  const turns = new ort.Tensor("int64", [3n], [1]);
  const { y } = await session.run({ turns, x: new ort.Tensor("float32", [0.5], [1]) });
  expect(y?.data).toEqual(Float32Array.of(3.5));
});
