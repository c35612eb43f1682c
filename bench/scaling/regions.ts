/** A place where a tenant's callers are. */
export interface Region {
  /** Cloudflare's location hint for Durable Objects. */
  readonly hint: string;
  readonly place: string;
  /** Round trip between this region and the home cell's, in milliseconds. */
  readonly toHomeMs: number;
  /** Where the nearest cell is: here, or in another region, as Durable Objects don't live everywhere. */
  readonly nearest: string;
  /** Round trip to the nearest cell. */
  readonly toNearestMs: number;
  /** Its share of the tenant's calls. */
  readonly share: number;
}

/**
 * Between two data centres of one region: what a caller's Worker pays to reach a cell that is near, in milliseconds.
 *
 * East US to East US 2 in the table below.
 */
export const WITHIN_REGION_MS = 11;

const here = (hint: string): Pick<Region, "hint" | "nearest" | "toNearestMs"> => {
  return { hint, nearest: hint, toNearestMs: WITHIN_REGION_MS };
};

/**
 * A tenant with callers everywhere and its home cell in eastern North America.
 *
 * Cloudflare publishes no such figures for its network. These are the 95th percentiles between Azure's regions in the 30 days to
 * 30 July 2026: East US with West US 2, Brazil South, West Europe, Poland Central, UAE North, South Africa North, Southeast Asia
 * and Australia East; West Europe with UAE North and South Africa North. The shares of calls are an assumption.
 *
 * Durable Objects are not placed in South America, Africa and the Middle East, but near them.
 *
 * @see https://learn.microsoft.com/azure/networking/azure-network-latency
 * @see https://developers.cloudflare.com/durable-objects/reference/data-location/ of 26 June 2026, for hints and places
 */
export const REGIONS: readonly Region[] = [
  { ...here("enam"), place: "eastern North America (home)", toHomeMs: WITHIN_REGION_MS, share: 0.25 },
  { ...here("wnam"), place: "western North America", toHomeMs: 76, share: 0.1 },
  { hint: "sam", place: "South America", toHomeMs: 121, nearest: "enam", toNearestMs: 121, share: 0.05 },
  { ...here("weur"), place: "western Europe", toHomeMs: 91, share: 0.25 },
  { ...here("eeur"), place: "eastern Europe", toHomeMs: 112, share: 0.05 },
  { hint: "me", place: "Middle East", toHomeMs: 191, nearest: "weur", toNearestMs: 124, share: 0.03 },
  { hint: "afr", place: "Africa", toHomeMs: 225, nearest: "weur", toNearestMs: 171, share: 0.03 },
  { ...here("apac"), place: "Asia and the Pacific", toHomeMs: 229, share: 0.2 },
  { ...here("oc"), place: "Oceania", toHomeMs: 206, share: 0.04 },
];

export const HOME = "enam";

/** Where there is a cell beside the home cell. */
export const CELL_REGIONS: readonly Region[] = REGIONS.filter(({ hint, nearest }) => hint === nearest && hint !== HOME);
