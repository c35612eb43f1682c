import { z } from "zod";
import type { Admission, AdmissionRequest } from "../../src/admission/admission.rules.ts";
import type { Cells } from "../../src/admission/cells.ts";
import { hashApiKey } from "../../src/identity/guards.ts";
import type { Services } from "../../src/services.ts";
import { type TenantId, isId } from "../../src/shared/ids.ts";
import { isWay, wayToCell } from "./cell-ways.ts";

/** What one loop does: admissions of one tenant, so many under way at once, for so long. */
export const loopSchema = z.object({
  tenantId: z.string().refine((id): id is TenantId => isId("ten", id)),
  key: z.string(),
  model: z.string(),
  way: z.string().refine(isWay),
  /** Whether one request in four carries an idempotency key that was charged before. */
  repeats: z.boolean(),
  inFlight: z.number().int().min(1),
  ms: z.number().min(1),
});
type LoopPlan = z.infer<typeof loopSchema>;

const CHARGED_KEYS = 64;
const FINGERPRINT = "the same request";

/**
 * Ask for admissions, and check that each was given.
 *
 * @throws Error with the first refusal
 */
export async function runLoop(
  services: Services,
  cells: Cells,
  plan: LoopPlan,
): Promise<{ admitted: number; elapsedMs: number }> {
  const credential = { kind: "key" as const, hash: hashApiKey(plan.key) };
  const infer = (idempotencyKey?: string): AdmissionRequest => ({
    kind: "infer",
    credential,
    address: "",
    bytesIn: 0,
    model: plan.model,
    version: undefined,
    routingKey: undefined,
    idempotency:
      idempotencyKey === undefined
        ? undefined
        : { key: idempotencyKey, route: "POST /infer", fingerprint: FINGERPRINT },
  });
  await chargeKeys(services, plan.tenantId, infer);
  const ask = wayToCell(plan.way, plan.tenantId, cells, () => undefined);
  let admitted = 0;
  const begin = Date.now();
  const oneAfterTheOther = async (): Promise<void> => {
    for (let turn = 0; Date.now() < begin + plan.ms; turn++) {
      const isRepeat = plan.repeats && turn % 4 === 0;
      requireAdmitted(await ask(infer(isRepeat ? keyOf(turn) : undefined)), isRepeat);
      admitted++;
    }
  };
  await Promise.all(Array.from({ length: plan.inFlight }, oneAfterTheOther));
  return { admitted, elapsedMs: Date.now() - begin };
}

/** Have some idempotency keys charged and settled, for the loop to repeat. It also wakes the cell. */
async function chargeKeys(
  services: Services,
  tenantId: TenantId,
  infer: (idempotencyKey: string) => AdmissionRequest,
): Promise<void> {
  const cell = services.cell(tenantId);
  const admissions = await cell.admit(Array.from({ length: CHARGED_KEYS }, (_, turn) => infer(keyOf(turn))));
  const settlements = admissions.map((admission) => ({
    entryId: requireAdmitted(admission, false),
    outcome: "ok" as const,
    reason: undefined,
    computeMs: 1,
    queueMicros: 0,
    computeMicros: 1_000,
    isColdStart: false,
    bytesIn: 1,
    bytesOut: 1,
  }));
  await cell.settle(settlements);
}

function keyOf(turn: number): string {
  return `key-${turn % CHARGED_KEYS}`;
}

function requireAdmitted(admission: Admission, replayed: boolean) {
  if (admission.kind === "admitted" && admission.replayed === replayed) return admission.entryId;
  throw new Error(`An admission was ${replayed ? "not replayed" : "not given"}: ${JSON.stringify(admission)}`);
}
