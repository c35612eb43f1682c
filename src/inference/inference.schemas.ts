import { z } from "@hono/zod-openapi";
import { DATATYPES } from "../../engine/datatypes.ts";

const datatype = z.enum(Object.keys(DATATYPES));
const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional();
const elements = z.array(z.unknown()).openapi({
  description: "Flat or nested, row-major. NaN and infinities are the strings NaN, Infinity and -Infinity.",
});
const shape = z.array(z.number().int().min(0)).openapi({ example: [1, 4] });

const inputTensor = z
  .object({ name: z.string(), shape, datatype, parameters, data: elements })
  .openapi("InferInputTensor");
const outputTensor = z
  .object({ name: z.string(), shape, datatype, parameters, data: elements })
  .openapi("InferOutputTensor");

/** The request as the document states it. The body itself is opened in the model's isolate only. */
export const inferRequestSchema = z
  .object({
    id: z.string().optional(),
    parameters,
    inputs: z.array(inputTensor),
    outputs: z.array(z.object({ name: z.string(), parameters })).optional(),
  })
  .openapi("InferRequest", {
    example: { inputs: [{ name: "measurements", shape: [1, 4], datatype: "FP32", data: [5.1, 3.5, 1.4, 0.2] }] },
  });

export const inferResponseSchema = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(outputTensor),
  })
  .openapi("InferResponse", {
    example: {
      model_name: "iris",
      model_version: "1",
      outputs: [{ name: "label", datatype: "INT64", shape: [1], data: [0] }],
    },
  });
