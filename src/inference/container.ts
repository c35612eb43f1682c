import { CONTAINER_HEADERS } from "../../engine/contract.ts";
import type { DeployedVersion } from "../admission/deployments.rules.ts";
import { fileLink } from "../models/file-links.ts";
import { filesOf } from "../models/models.rules.ts";
import type { Services } from "../services.ts";
import { containerToken, derivedKey } from "../shared/derived-keys.ts";
import { fnv1a } from "../shared/fnv1a.ts";
import type { TenantId } from "../shared/ids.ts";
import { within } from "./deadline.ts";
import { callGuarded } from "./guarded-call.ts";
import { type Run, type RunFailure, type RunOutcome, timedOut } from "./run-outcome.ts";
import { withSecondTry } from "./second-try.ts";

/** What of a version the container must know. */
export type ContainedVersion = Omit<DeployedVersion, "number" | "runtime" | "backend">;

type Needs = Pick<Services, "container" | "config" | "now" | "origin">;

/** Beyond the run itself: waiting for a turn, fetching the model and loading it. */
const STARTING_MS = 30_000;

/** Run a model in the container. A call that can be repeated tries a second instance when the first one failed. */
export async function runInContainer(
  services: Needs,
  tenantId: TenantId,
  version: ContainedVersion,
  run: Run,
): Promise<RunOutcome> {
  return await withSecondTry(run, async (number) => await attempt(services, tenantId, version, run, number));
}

async function attempt(
  services: Needs,
  tenantId: TenantId,
  version: ContainedVersion,
  run: Run,
  offset: number,
): Promise<RunOutcome> {
  const response = await callContainer(services, tenantId, version, { action: "infer", ...run }, offset);
  if (!(response instanceof Response)) return response;
  if (response.ok) return { kind: "answered", response };
  if (response.status === 422) return { kind: "rejected", refusal: await response.json() };
  return await failureOf(response, run.limitMs);
}

/**
 * Ask the container for something that concerns one version; the instance is chosen by the version.
 *
 * @returns what it answered, or the failure to reach it
 */
export async function callContainer(
  services: Needs,
  tenantId: TenantId,
  version: ContainedVersion,
  call: Run & { readonly action: "infer" | "inspection" | "warmup" },
  offset = 0,
): Promise<Response | RunFailure> {
  const { container, config, now } = services;
  if (!container) return noContainer();
  // The same version goes to the same instance, which has it loaded.
  const instance = (fnv1a(version.versionId) + offset) % container.instances;
  const request = new Request(`http://container/v2/models/${version.versionId}/${call.action}`, {
    method: "POST",
    body: call.body,
    headers: {
      ...call.headers,
      Authorization: `Bearer ${containerToken(config.masterKey)}`,
      [CONTAINER_HEADERS.runLimitMs]: String(call.limitMs),
      [CONTAINER_HEADERS.modelSource]: sourceOf(services, tenantId, version),
    },
  });
  return await callGuarded(
    `container ${instance}`,
    now,
    async () =>
      await within(call.limitMs + STARTING_MS, (signal) => container.fetch(instance, new Request(request, { signal }))),
    (response) => response.headers.has(CONTAINER_HEADERS.container),
  );
}

/** What the container says of itself when it could not answer; the codes are those of container/. */
async function failureOf(response: Response, limitMs: number): Promise<RunFailure> {
  const said = await response.text();
  switch (response.status) {
    case 504:
      return timedOut(limitMs);
    case 503: {
      const detail = "All that could run the model is busy; the call is not charged. Try again shortly.";
      const retryAfterSeconds = Number(response.headers.get("Retry-After") ?? 1);
      return { kind: "failed", code: "overloaded", detail, retryAfterSeconds };
    }
    default: {
      const detail = "The container that runs the model failed; the call is not charged and may be repeated.";
      return { kind: "failed", code: "runtime-failed", detail, cause: `${response.status} ${said}` };
    }
  }
}

function noContainer(): RunFailure {
  const detail = "The model needs the container backend, which this deployment does not have; the call is not charged.";
  return { kind: "failed", code: "backend-unavailable", detail, retryAfterSeconds: 60 };
}

/** Where the container finds a version's files, and how it knows that they are the right ones. */
function sourceOf(services: Needs, tenantId: TenantId, version: ContainedVersion): string {
  const { config, now } = services;
  const key = derivedKey(config.masterKey, "file links");
  const origin = config.publicOrigin ?? services.origin;
  const link = (objectKey: string): string => origin + fileLink(key, objectKey, now());
  const { model, externalData } = filesOf(tenantId, version);
  const bytesBeside = version.externalData.reduce((total, file) => total + file.sizeBytes, 0);
  const source = {
    model: { url: link(model), sha256: version.sha256, bytes: version.sizeBytes - bytesBeside },
    externalData: version.externalData.map(({ name, sha256, sizeBytes }, index) => ({
      name,
      url: link(externalData[index]?.objectKey ?? ""),
      sha256,
      bytes: sizeBytes,
    })),
  };
  return Buffer.from(JSON.stringify(source)).toString("base64url");
}
