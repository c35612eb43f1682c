import { Refusal } from "./refusal.ts";

/**
 * The binary tensors of a request, which follow its JSON in the order in which the JSON names them.
 *
 * Hands out one tensor's bytes after the other, as views.
 */
export class BinaryPart {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * The bytes of the next tensor.
   *
   * @param binaryDataSize  the tensor's parameter of this name, as it came
   * @throws Refusal `invalid-request` when it is no size, or when the body ends before it
   */
  take(name: string, binaryDataSize: unknown): Uint8Array {
    if (typeof binaryDataSize !== "number" || !Number.isSafeInteger(binaryDataSize) || binaryDataSize < 0) {
      throw new Refusal("invalid-request", `Input "${name}": binary_data_size must be an integer ≥ 0.`, {
        input: name,
      });
    }
    const left = this.#bytes.byteLength - this.#offset;
    if (binaryDataSize > left) {
      throw new Refusal(
        "invalid-request",
        `Input "${name}": binary_data_size is ${binaryDataSize}, but only ${left} bytes of the body are left.`,
        { input: name, expected_bytes: binaryDataSize, actual_bytes: left },
      );
    }
    const start = this.#offset;
    this.#offset += binaryDataSize;
    return this.#bytes.subarray(start, this.#offset);
  }

  /** @throws Refusal `invalid-request` when bytes are left that no tensor has claimed */
  requireEnd(): void {
    const left = this.#bytes.byteLength - this.#offset;
    if (left === 0) return;
    throw new Refusal("invalid-request", `${left} bytes follow the last tensor of the body.`, { extra_bytes: left });
  }
}
