/** A place where a tenant's callers and cells are. */
export interface Region {
  /** Cloudflare's location hint for Durable Objects. */
  readonly hint: string;
  readonly place: string;
  /** Round trip between this region and the home cell's, in milliseconds. */
  readonly toHomeMs: number;
  /** Its share of the tenant's calls. */
  readonly share: number;
}

/**
 * Between two data centres of one region: what a caller's Worker pays to reach a cell that is near, in milliseconds.
 *
 * East US to East US 2 in the table below.
 */
export const WITHIN_REGION_MS = 11;

/**
 * A tenant with callers everywhere and its home cell in eastern North America.
 *
 * Cloudflare publishes no such figures for its network. These are the 95th percentiles between Azure's regions in the 30 days to
 * 30 July 2026: East US with West US 2, Brazil South, West Europe, Poland Central, UAE North, South Africa North, Southeast Asia
 * and Australia East. The shares of calls are an assumption.
 *
 * @see https://learn.microsoft.com/azure/networking/azure-network-latency
 * @see https://developers.cloudflare.com/durable-objects/reference/data-location/ for the hints
 */
export const REGIONS: readonly Region[] = [
  { hint: "enam", place: "eastern North America (home)", toHomeMs: WITHIN_REGION_MS, share: 0.25 },
  { hint: "wnam", place: "western North America", toHomeMs: 76, share: 0.1 },
  { hint: "sam", place: "South America", toHomeMs: 121, share: 0.05 },
  { hint: "weur", place: "western Europe", toHomeMs: 91, share: 0.25 },
  { hint: "eeur", place: "eastern Europe", toHomeMs: 112, share: 0.05 },
  { hint: "me", place: "Middle East", toHomeMs: 191, share: 0.03 },
  { hint: "afr", place: "Africa", toHomeMs: 225, share: 0.03 },
  { hint: "apac", place: "Asia and the Pacific", toHomeMs: 229, share: 0.2 },
  { hint: "oc", place: "Oceania", toHomeMs: 206, share: 0.04 },
];

export const HOME = "enam";
