/** What a tenant holds and may hold: of models, of versions of one model, and of bytes of all files. */
export interface Holdings {
  readonly models: number;
  readonly maxModels: number;
  readonly versions: number;
  readonly maxVersions: number;
  readonly storedBytes: number;
  readonly maxStoredBytes: number;
}

/** A limit of what a tenant may hold, by its name in the API, that leaves no room for more. */
export interface ReachedQuota {
  readonly limit: "models" | "versions_per_model" | "stored_bytes";
  readonly max: number;
  readonly used: number;
}

/** The quota that one more model would exceed, or undefined. */
export function quotaAgainstModel({ models, maxModels }: Holdings): ReachedQuota | undefined {
  return models < maxModels ? undefined : { limit: "models", max: maxModels, used: models };
}

/** The quota that one more version of this size would exceed, or undefined. */
export function quotaAgainstVersion(holdings: Holdings, sizeBytes: number): ReachedQuota | undefined {
  const { versions, maxVersions, storedBytes, maxStoredBytes } = holdings;
  if (versions >= maxVersions) return { limit: "versions_per_model", max: maxVersions, used: versions };
  if (storedBytes + sizeBytes <= maxStoredBytes) return undefined;
  return { limit: "stored_bytes", max: maxStoredBytes, used: storedBytes };
}
