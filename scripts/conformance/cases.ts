/** One case file: the inputs of a request, the outputs that must come back, and how near they must be. */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { faultMessage } from "./fault.ts";
import {
  arangeOverCount,
  type Datatype,
  datatypes,
  decodeRaw,
  elementCount,
  encodeTensor,
  is64BitInteger,
  readElement,
  type Scalar,
  type Tensor,
} from "./tensors.ts";

/** Ready to be sent and compared. `fetch` names the only outputs to ask for; undefined asks for all. */
export interface ConformanceCase {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly rtol: number;
  readonly atol: number;
  readonly fetch: readonly string[] | undefined;
}

/** A case file that cannot be read is a failure of its vector, not of the run. */
export type CaseReading =
  | { readonly kind: "case"; readonly case: ConformanceCase }
  | { readonly kind: "unreadable"; readonly reason: string };

const tensorSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  datatype: z.enum(datatypes),
  data: z.array(z.unknown()).optional(),
  raw: z.string().optional(),
  generate: z.literal("arange/n").optional(),
});

const caseSchema = z.object({
  inputs: z.array(tensorSchema),
  outputs: z.array(tensorSchema).min(1),
  rtol: z.number().nonnegative(),
  atol: z.number().nonnegative(),
  fetch: z.array(z.string()).optional(),
});

function decodeData(datatype: Datatype, data: readonly unknown[]): Scalar[] {
  return data.map((element, index) => {
    // Case files write 64-bit integers beyond 2^53 as strings.
    const isText = is64BitInteger(datatype) && typeof element === "string";
    const value = readElement(datatype, isText ? BigInt(element) : element);
    if (value === undefined) throw new Error(`data[${index}] is no ${datatype}: ${String(element)}`);
    return value;
  });
}

function decodeTensor(tensor: z.infer<typeof tensorSchema>): Tensor {
  const { name, datatype, shape, raw, data } = tensor;
  const count = elementCount(shape);
  const decode = (): ArrayLike<Scalar> => {
    if (tensor.generate !== undefined) return arangeOverCount(count);
    return raw === undefined ? decodeData(datatype, data ?? []) : decodeRaw(datatype, raw);
  };
  const values = decode();
  if (values.length !== count) {
    throw new Error(`"${name}" has ${values.length} values where [${shape.join()}] asks for ${count}`);
  }
  return { name, datatype, shape, values };
}

/** Read `case.json` and check it against its format (README.md beside the cases). */
export function readCase(path: string): CaseReading {
  try {
    const parsed = caseSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    const { rtol, atol, fetch } = parsed;
    const inputs = parsed.inputs.map(decodeTensor);
    const outputs = parsed.outputs.map(decodeTensor);
    return { kind: "case", case: { inputs, outputs, rtol, atol, fetch } };
  } catch (error) {
    return { kind: "unreadable", reason: `the case cannot be read: ${faultMessage(error)}` };
  }
}

/** The datatypes of a case file's inputs and expected outputs; none where the file is unreadable. */
export function caseDatatypes(path: string): ReadonlySet<Datatype> {
  const reading = readCase(path);
  if (reading.kind === "unreadable") return new Set();
  return new Set([...reading.case.inputs, ...reading.case.outputs].map((tensor) => tensor.datatype));
}

/**
 * The body of `POST /v2/models/{name}/infer`.
 *
 * Written by hand because JSON.stringify has no integers beyond 2^53, no −0, NaN or infinities.
 */
export function encodeRequest(id: string, conformanceCase: ConformanceCase): string {
  const inputs = conformanceCase.inputs.map(encodeTensor).join(",");
  const names = conformanceCase.fetch?.map((name) => ({ name }));
  const outputs = names === undefined ? "" : `,"outputs":${JSON.stringify(names)}`;
  return `{"id":${JSON.stringify(id)},"inputs":[${inputs}]${outputs}}`;
}
