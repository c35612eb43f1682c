interface Entry<Value> {
  readonly value: Value;
  /** How many entries had been put in when this one was put in last. */
  readonly order: number;
}

/**
 * What was looked up last, up to a number of entries; one that was not used for long goes first.
 *
 * An entry is moved to the end of the queue only once it has come to its first half: a look-up writes nothing but then, and what
 * is in use never gets to the front.
 */
export class BoundedCache<Value> {
  readonly #maxEntries: number;
  /** Insertion order is the queue. */
  readonly #entries = new Map<string, Entry<Value>>();
  #insertions = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#insertions - entry.order >= this.#maxEntries / 2) this.#enqueue(key, entry.value);
    return entry.value;
  }

  set(key: string, value: Value): void {
    this.#enqueue(key, value);
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  #enqueue(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, order: ++this.#insertions });
  }
}
