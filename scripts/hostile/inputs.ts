/** Inputs for models that come without any: ones, in the smallest shape that a signature allows. */
import { z } from "zod";

import { type Datatype, datatypes, elementCount, encodeTensor, readElement } from "../conformance/tensors.ts";
import type { HostileFile } from "./manifest.ts";

const signatureSchema = z.object({
  inputs: z.array(z.object({ name: z.string(), datatype: z.enum(datatypes), shape: z.array(z.int()) })),
});

/** The inputs of a model, as `GET /v2/models/{model}` tells them; −1 is a variable dimension. */
export type ModelInputs = z.infer<typeof signatureSchema>["inputs"];

/** Read the metadata of a model; undefined where it has no signature. */
export function readInputs(metadata: string): ModelInputs | undefined {
  return signatureSchema.safeParse(parseJson(metadata)).data?.inputs;
}

/** Parse a text that may be no JSON; then it is undefined, as no JSON is. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function oneOf(datatype: Datatype): number | bigint | boolean | string {
  if (datatype === "BYTES") return "a";
  return readElement(datatype, 1) ?? 1;
}

function ones({ name, datatype, shape: spec }: ModelInputs[number]): string {
  const shape = spec.map((size) => (size === -1 ? 1 : size));
  const values = Array.from({ length: elementCount(shape) }, () => oneOf(datatype));
  return encodeTensor({ name, datatype, shape, values });
}

/** A body of `POST …/infer` in which every input is ones. */
export function encodeOnes(inputs: ModelInputs): string {
  return `{"inputs":[${inputs.map(ones).join(",")}]}`;
}

/**
 * The same with the values that the manifest gives some inputs.
 *
 * @param divisor  what whole numbers are divided by: a quarter of a size may be let through where the size itself is not
 */
export function encodeRun(inputs: ModelInputs, given: NonNullable<HostileFile["run"]>, divisor = 1): string {
  const tensors = inputs.map((input) => {
    const wanted = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
    if (wanted === undefined) return ones(input);
    const { datatype, name } = input;
    const values = wanted.data.map(
      (text) => readElement(datatype, datatype.endsWith("INT64") ? BigInt(text) / BigInt(divisor) : Number(text)) ?? 0,
    );
    return encodeTensor({ name, datatype, shape: wanted.dims, values });
  });
  return `{"inputs":[${tensors.join(",")}]}`;
}
