/** How callers who name no version are spread: percent by version number, as a string. The weights sum to 100. */
export type Traffic = Readonly<Record<string, number>>;

/** What serves callers who name no version: the alias production, unless there is traffic. */
export interface Serving {
  readonly version: number;
  readonly traffic: Traffic | null;
}
