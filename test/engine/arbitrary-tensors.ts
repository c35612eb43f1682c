import * as fc from "fast-check";
import { DATATYPES, type Datatype, type Tensor, type TensorData, elementCount } from "../../engine/datatypes.ts";

/** Any text that JSON can carry but NUL: every code unit, surrogates without their other half too. */
const anyText = fc
  .array(fc.integer({ min: 1, max: 0xffff }), { maxLength: 8 })
  .map((units) => String.fromCharCode(...units));

/** Names as a model could have them, the awkward ones often. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("x", "__proto__", "constructor", "toString", "", '"', '"outputs":[', "\u0000"),
  anyText,
);

const anyShape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });

/** `length` elements of a datatype, its ends, NaN, infinities and -0 among them. */
function anyData(datatype: Datatype, length: number): fc.Arbitrary<TensorData> {
  const exactly = { minLength: length, maxLength: length };
  const traits = DATATYPES[datatype];
  switch (traits.kind) {
    case "bytes":
      return fc.array(
        anyText.map((text) => text.toWellFormed()),
        exactly,
      );
    case "bool":
      return fc.array(fc.integer({ min: 0, max: 1 }), exactly).map((values) => Uint8Array.from(values));
    case "bigint":
      return fc
        .array(fc.bigInt({ min: traits.min, max: traits.max }), exactly)
        .map((values) => traits.array.from(values));
    case "float":
      return fc.array(fc.oneof(fc.double(), fc.float()), exactly).map((values) => traits.array.from(values));
    case "integer":
      return fc
        .array(fc.integer({ min: traits.min, max: traits.max }), exactly)
        .map((values) => traits.array.from(values));
  }
}

/** A tensor of this datatype and of any shape up to rank 4. */
function tensorOf(datatype: Datatype): fc.Arbitrary<Tensor> {
  return fc
    .record({ name: anyName, shape: anyShape })
    .chain(({ name, shape }) =>
      anyData(datatype, elementCount(shape)).map((data) => ({ name, datatype, shape, data })),
    );
}

function someOf(tensor: fc.Arbitrary<Tensor>): fc.Arbitrary<Tensor[]> {
  return fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 4 });
}

/** Some tensors of one datatype, no two of one name. */
export function tensorsOf(datatype: Datatype): fc.Arbitrary<Tensor[]> {
  return someOf(tensorOf(datatype));
}

/** Some tensors of any datatypes, no two of one name. */
export const anyTensors: fc.Arbitrary<Tensor[]> = someOf(
  fc.constantFrom(...(Object.keys(DATATYPES) as Datatype[])).chain(tensorOf),
);
