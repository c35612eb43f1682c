/** Counts who is inside, so that neither the number of requests nor their bodies outgrow the server. */
export class Gate {
  readonly #maxRequests: number;
  readonly #maxBytes: number;
  #requests = 0;
  #bytes = 0;
  #isClosed = false;
  readonly #empty = Promise.withResolvers<undefined>();

  constructor(maxRequests: number, maxBytes: number) {
    this.#maxRequests = maxRequests;
    this.#maxBytes = maxBytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Let a request in with a body of so many bytes; false when it has to come back later. */
  enter(bytes: number): boolean {
    // A body beyond the bound is let in alone, so that a small server answers it at all.
    const fits = this.#bytes + bytes <= this.#maxBytes || this.#requests === 0;
    if (this.#isClosed || this.#requests >= this.#maxRequests || !fits) return false;
    this.#requests += 1;
    this.#bytes += bytes;
    return true;
  }

  /** A request that was let in is answered. */
  leave(bytes: number): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
    if (this.#isClosed && this.#requests === 0) this.#empty.resolve(undefined);
  }

  /** Let nobody in any more, and resolve once all are out. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#requests === 0) this.#empty.resolve(undefined);
    await this.#empty.promise;
  }
}
