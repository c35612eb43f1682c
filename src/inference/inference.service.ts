import { ENGINE_HEADERS } from "../../engine/contract.ts";
import type { Admission, Admitted, InferRequest, Refusal } from "../admission/admission.rules.ts";
import { Overloaded } from "../admission/group-commit.ts";
import { storeAnswer } from "../admission/answers.service.ts";
import {
  type Ended,
  type Idempotency,
  type StoredAnswer,
  type WholeAnswer,
  claimId,
} from "../admission/claims.rules.ts";
import type { Presented } from "../http/context.ts";
import type { Services } from "../services.ts";
import { type EntryId, type TenantId, newId } from "../shared/ids.ts";
import { logFault } from "../shared/log.ts";
import { pickHeaders } from "../shared/pick-headers.ts";
import { NO_FIGURES, type Settlement } from "../usage/ledger.rules.ts";
import { runInContainer } from "./container.ts";
import { runInIsolate } from "./isolate.ts";
import { runOnOwnServer } from "./own-server.ts";
import { ANSWER_HEADERS, RECEIPT, type RunOutcome } from "./run-outcome.ts";

/** An inference as it came over the wire; its body is not opened here. */
export interface InferenceRequest {
  readonly model: string;
  readonly version: string | undefined;
  readonly routingKey: string | undefined;
  readonly idempotency: Idempotency | undefined;
  /** The caller's address; empty when it is not known. */
  readonly address: string;
  /** The origin of the page that calls; undefined for the service's own, and where no page calls. */
  readonly origin: string | undefined;
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
  /** What the engine must know of the body: its length, its coding and where its JSON ends. */
  readonly bodyHeaders: Readonly<Record<string, string>>;
}

/** What became of an inference. */
export type Inferred =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The answer of an earlier request with the same idempotency key. */
  | { readonly kind: "repeated"; readonly entryId: EntryId; readonly answer: StoredAnswer }
  | { readonly kind: "ran"; readonly admitted: Admitted; readonly outcome: RunOutcome };

/** Admit, run, and settle after the response: the way of one inference. */
export async function infer(presented: Presented, services: Services, request: InferenceRequest): Promise<Inferred> {
  const { tenantId, credential } = presented;
  const { model, version, routingKey, idempotency, address, origin, bodyHeaders } = request;
  const admission = await askLeave(tenantId, services, {
    kind: "infer",
    entryId: newId("ent", services.now()),
    credential,
    address,
    origin,
    bytesIn: countOf(bodyHeaders["Content-Length"]),
    model,
    version,
    routingKey,
    idempotency,
  });
  if (admission.kind === "granted") throw new Error("The cell granted access where an inference was asked for.");
  if (admission.kind === "repeated") return admission;
  if (admission.kind !== "admitted") return { kind: "refused", refusal: admission };

  const startedMs = performance.now();
  const ran = await run(tenantId, services, request, admission);
  const { outcome, body } = idempotency ? await readWhole(ran) : { outcome: ran, body: undefined };
  const elapsedMs = performance.now() - startedMs;
  const settlement = {
    entryId: admission.entryId,
    claimId: idempotency && claimId(idempotency),
    ...figuresOf(outcome, request, elapsedMs),
  };
  if (!idempotency) services.settle(tenantId, settlement);
  else await settleFirst(tenantId, services, settlement, body && wholeAnswer(outcome, body, admission));
  return { kind: "ran", admitted: admission, outcome };
}

/** Ask the cell. Where its answer was lost, it may have charged what never ran: that is given back. */
async function askLeave(tenantId: TenantId, services: Services, request: InferRequest): Promise<Admission> {
  try {
    return await services.admit(tenantId, request);
  } catch (error) {
    const mayBeCharged = !(error instanceof Overloaded) || error.mayHaveArrived;
    const { entryId } = request;
    if (mayBeCharged) services.settle(tenantId, { ...NO_FIGURES, entryId, outcome: "failed", reason: "overloaded" });
    throw error;
  }
}

/**
 * Settle before the response, so that who has seen the answer gets the very same for its key from then on, and who was refused has
 * been charged nothing.
 *
 * Where that fails, the caller gets its answer all the same. It is settled later; a repetition before that is told to wait, and one
 * after it runs again at no charge if the answer could not be kept.
 */
async function settleFirst(
  tenantId: TenantId,
  services: Services,
  settlement: Ended,
  whole: WholeAnswer | undefined,
): Promise<void> {
  let answer: StoredAnswer | undefined;
  try {
    answer = whole && (await storeAnswer(tenantId, services.files, settlement.entryId, whole));
    await services.settleNow(tenantId, { ...settlement, answer });
  } catch (error) {
    const { entryId } = settlement;
    logFault("A call with an idempotency key is settled late.", { tenantId, entryId, error: String(error) });
    services.settle(tenantId, { ...settlement, answer });
  }
}

/** What is kept of an answer for its idempotency key; undefined for what was not answered. */
function wholeAnswer(
  outcome: RunOutcome,
  body: Uint8Array<ArrayBuffer>,
  { receipt }: Admitted,
): WholeAnswer | undefined {
  if (outcome.kind !== "answered") return undefined;
  const { status, headers: given } = outcome.response;
  const headers = { ...pickHeaders(given, ANSWER_HEADERS), ...(receipt !== undefined && { [RECEIPT]: receipt }) };
  return { status, headers, body };
}

/** Read an answer to its end, so that it can be kept. */
async function readWhole(
  outcome: RunOutcome,
): Promise<{ outcome: RunOutcome; body: Uint8Array<ArrayBuffer> | undefined }> {
  if (outcome.kind !== "answered") return { outcome, body: undefined };
  const { response } = outcome;
  try {
    const body = new Uint8Array(await response.arrayBuffer());
    return { outcome: { kind: "answered", response: new Response(body, response) }, body };
  } catch (cause) {
    const detail = "What ran the model broke off in the middle of its answer; the call is not charged.";
    return { outcome: { kind: "failed", code: "runtime-failed", detail, cause }, body: undefined };
  }
}

async function run(
  tenantId: TenantId,
  services: Services,
  request: InferenceRequest,
  { version, runLimitMs: limitMs }: Admitted,
): Promise<RunOutcome> {
  const { body, bodyHeaders } = request;
  const names = { [ENGINE_HEADERS.modelName]: request.model, [ENGINE_HEADERS.modelVersion]: String(version.number) };
  const headers = { ...bodyHeaders, ...names };
  switch (version.runtime) {
    case "isolate":
      return await runInIsolate(services, tenantId, version, { body, headers, limitMs });
    case "container":
      return await runInContainer(services, tenantId, version, { body, headers, limitMs });
    case "backend":
      if (!version.backend) throw new Error(`Version ${version.versionId} names no server of its own.`);
      return await runOnOwnServer(services, tenantId, version.backend, { body, headers: bodyHeaders, limitMs });
  }
}

type Figures = Omit<Settlement, "entryId">;

function figuresOf(outcome: RunOutcome, request: InferenceRequest, elapsedMs: number): Figures {
  const headers = outcome.kind === "answered" ? outcome.response.headers : new Headers();
  const queueMicros = countOf(headers.get(ENGINE_HEADERS.queueMicros));
  return {
    ...endOf(outcome),
    computeMs: Math.ceil(elapsedMs),
    queueMicros,
    computeMicros: Math.max(0, Math.round(elapsedMs * 1000) - queueMicros),
    isColdStart: headers.has(ENGINE_HEADERS.coldStart),
    bytesIn: countOf(headers.get(ENGINE_HEADERS.bytesIn) ?? request.bodyHeaders["Content-Length"]),
    bytesOut: countOf(headers.get("Content-Length")),
  };
}

/** A number in a header as the ledger takes it: what is none counts as 0. */
function countOf(header: string | null | undefined): number {
  return /^\d{1,15}$/.test(header ?? "") ? Number(header) : 0;
}

function endOf(outcome: RunOutcome): Pick<Figures, "outcome" | "reason"> {
  switch (outcome.kind) {
    case "answered":
      return { outcome: "ok", reason: undefined };
    case "rejected":
      return { outcome: "rejected", reason: outcome.refusal.code };
    case "failed":
      return { outcome: "failed", reason: outcome.code };
  }
}
