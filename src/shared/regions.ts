/** Where Cloudflare may be asked to make a Durable Object, as near as it can. @see https://developers.cloudflare.com/durable-objects/reference/data-location/ */
export const LOCATION_HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;
export type LocationHint = (typeof LOCATION_HINTS)[number];

/** Jurisdictions that a Durable Object may be held to. */
export const JURISDICTIONS = ["eu"] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];
