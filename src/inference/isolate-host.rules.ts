import type { ModelId, TenantId, VersionId } from "../shared/ids.ts";

/** What of a version its isolate is made of. */
export interface IsolatedVersion {
  readonly modelId: ModelId;
  readonly versionId: VersionId;
  readonly externalData: readonly { readonly name: string }[];
}

/** Whose version a request to an isolate host is for. */
export interface HostedVersion extends IsolatedVersion {
  readonly tenantId: TenantId;
}

/** The header that says it. */
export const HOSTED_VERSION = "tensorgate-hosted-version";

/** A version as the header says it: the same version is always said the same way. */
export function formatHostedVersion(tenantId: TenantId, version: IsolatedVersion): string {
  const { modelId, versionId, externalData } = version;
  const names = externalData.map(({ name }) => ({ name }));
  return encodeURIComponent(JSON.stringify({ tenantId, modelId, versionId, externalData: names }));
}

/** Read what {@link formatHostedVersion} wrote; nobody but our own Worker reaches a host. */
export function parseHostedVersion(text: string): HostedVersion {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- formatHostedVersion wrote it
  return JSON.parse(decodeURIComponent(text)) as HostedVersion;
}
