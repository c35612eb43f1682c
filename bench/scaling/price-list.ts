/** A price: so much is included in the plan each month, and the rest is paid by the million, or by the unit itself. */
export interface Price {
  readonly label: string;
  readonly unit: string;
  readonly included: number;
  readonly usd: number;
  /** How many units the price is for. */
  readonly per: number;
}

const MILLION = 1_000_000;

/** What is billed. A cell is a Durable Object, the registry is D1, files are in R2, an isolate is a Dynamic Worker. */
export const ITEMS = [
  "workerRequests",
  "workerCpuMs",
  "isolateDays",
  "isolateRequests",
  "isolateCpuMs",
  "cellRequests",
  "cellGbSeconds",
  "cellRowsRead",
  "cellRowsWritten",
  "cellStoredGb",
  "registryRowsRead",
  "registryRowsWritten",
  "registryStoredGb",
  "fileStoredGb",
  "fileWrites",
  "fileReads",
  "queueOperations",
] as const;
export type Item = (typeof ITEMS)[number];

/** What the Workers Paid plan costs before anything is used, a month. */
export const PLAN_USD = 5;

/**
 * Cloudflare's published prices, Workers Paid plan, US dollars a month.
 *
 * Read on 21 November 2026 in the source of developers.cloudflare.com (github.com/cloudflare/cloudflare-docs, src/content, at the
 * stored versions named here). Dynamic Workers are announced at these prices and not billed yet, says their page. Cloudflare
 * rounds R2 up to the next whole unit; the sums here don't.
 */
export const PRICES: Readonly<Record<Item, Price>> = {
  // docs/workers/platform/pricing.mdx at 07acbb66: Standard usage model
  workerRequests: { label: "Workers: requests", unit: "requests", included: 10 * MILLION, usd: 0.3, per: MILLION },
  workerCpuMs: { label: "Workers: CPU", unit: "CPU ms", included: 30 * MILLION, usd: 0.02, per: MILLION },
  // docs/dynamic-workers/pricing.mdx at 2fdad7f3
  isolateDays: { label: "Dynamic Workers: created", unit: "Dynamic Worker days", included: 1_000, usd: 0.002, per: 1 },
  isolateRequests: {
    label: "Dynamic Workers: requests",
    unit: "requests",
    included: 10 * MILLION,
    usd: 0.3,
    per: MILLION,
  },
  isolateCpuMs: { label: "Dynamic Workers: CPU", unit: "CPU ms", included: 30 * MILLION, usd: 0.02, per: MILLION },
  // partials/durable-objects/durable-objects-pricing.mdx at 07e200b7; an RPC or an alarm is a request, 128 MB count
  // whatever is used; a row deleted and an alarm set count as a row written
  cellRequests: { label: "cell: RPCs", unit: "requests", included: MILLION, usd: 0.15, per: MILLION },
  cellGbSeconds: { label: "cell: duration", unit: "GB-s", included: 400_000, usd: 12.5, per: MILLION },
  cellRowsRead: { label: "cell: rows read", unit: "rows", included: 25_000 * MILLION, usd: 0.001, per: MILLION },
  cellRowsWritten: { label: "cell: rows written", unit: "rows", included: 50 * MILLION, usd: 1, per: MILLION },
  cellStoredGb: { label: "cell: storage", unit: "GB-months", included: 5, usd: 0.2, per: 1 },
  // partials/workers/d1-pricing.mdx at 25a83ced
  registryRowsRead: { label: "D1: rows read", unit: "rows", included: 25_000 * MILLION, usd: 0.001, per: MILLION },
  registryRowsWritten: { label: "D1: rows written", unit: "rows", included: 50 * MILLION, usd: 1, per: MILLION },
  registryStoredGb: { label: "D1: storage", unit: "GB-months", included: 5, usd: 0.75, per: 1 },
  // docs/r2/pricing.mdx at 07ec87d4, Standard storage
  fileStoredGb: { label: "R2: storage", unit: "GB-months", included: 10, usd: 0.015, per: 1 },
  fileWrites: { label: "R2: writes", unit: "class A operations", included: MILLION, usd: 4.5, per: MILLION },
  fileReads: { label: "R2: reads", unit: "class B operations", included: 10 * MILLION, usd: 0.36, per: MILLION },
  // partials/workers/queues_pricing.mdx at 96996fd3: a message is written, read and deleted
  queueOperations: { label: "Queues: operations", unit: "operations", included: MILLION, usd: 0.4, per: MILLION },
};

/** Limits that a cell meets, from the same source. */
export const CELL_LIMITS = {
  /** docs/durable-objects/platform/limits: storage per Durable Object. */
  storedBytes: 10e9,
  /** partials/durable-objects/do-faq-limits.mdx at 20a026ae: "a soft limit of 1,000 requests per second". */
  tripsPerSecond: 1_000,
} as const;
