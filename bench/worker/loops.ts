import { z } from "zod";
import type { Admission, AdmissionRequest } from "../../src/admission/admission.rules.ts";
import type { Cells } from "../../src/admission/cells.ts";
import { type Ended, claimId } from "../../src/admission/claims.rules.ts";
import { sha256 } from "../../src/shared/sha256.ts";
import type { Services } from "../../src/services.ts";
import { type EntryId, type TenantId, isId, newId } from "../../src/shared/ids.ts";
import { isWay, wayToCell } from "./cell-ways.ts";

/** What one loop does: admissions of some tenants, so many under way at once for each, for so long. */
export const loopSchema = z.object({
  tenants: z.array(z.object({ tenantId: z.string().refine((id): id is TenantId => isId("ten", id)), key: z.string() })),
  model: z.string(),
  way: z.string().refine(isWay),
  /** Whether one request in four carries an idempotency key that was charged before. */
  repeats: z.boolean(),
  inFlight: z.number().int().min(1),
  ms: z.number().min(1),
});
type LoopPlan = z.infer<typeof loopSchema>;

const CHARGED_KEYS = 64;
const ROUTE = "POST /infer";

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
  const loops = plan.tenants.map(({ tenantId, key }) => {
    const infer = inferencesOf(key, plan.model);
    return { tenantId, infer, ask: wayToCell(plan.way, tenantId, cells, () => undefined) };
  });
  if (plan.repeats) for (const { tenantId, infer } of loops) await chargeKeys(services, tenantId, infer);
  let admitted = 0;
  const begin = Date.now();
  const oneAfterTheOther = async ({ infer, ask }: (typeof loops)[number]): Promise<void> => {
    for (let turn = 0; Date.now() < begin + plan.ms; turn++) {
      const isRepeat = plan.repeats && turn % 4 === 0;
      requireEntry(await ask(infer(isRepeat ? keyOf(turn) : undefined)), isRepeat);
      admitted++;
    }
  };
  await Promise.all(loops.flatMap((loop) => Array.from({ length: plan.inFlight }, () => oneAfterTheOther(loop))));
  return { admitted, elapsedMs: Date.now() - begin };
}

type Infer = (idempotencyKey?: string) => AdmissionRequest;

function inferencesOf(key: string, model: string): Infer {
  const credential = { kind: "key" as const, hash: sha256(key) };
  return (idempotencyKey) => ({
    kind: "infer",
    entryId: newId("ent", Date.now()),
    credential,
    address: "203.0.113.7",
    origin: undefined,
    bytesIn: 3_136,
    model,
    version: undefined,
    routingKey: undefined,
    idempotency:
      idempotencyKey === undefined ? undefined : { key: idempotencyKey, route: ROUTE, fingerprint: "the same request" },
  });
}

/** Have some idempotency keys charged and answered, for the loop to repeat. */
async function chargeKeys(services: Services, tenantId: TenantId, infer: Infer): Promise<void> {
  const cell = services.cell(tenantId);
  const keys = Array.from({ length: CHARGED_KEYS }, (_, turn) => keyOf(turn));
  const admissions = await cell.admit(keys.map(infer));
  const answer = { status: 200, headers: {}, body: new Uint8Array(100) };
  const ended = admissions.map((admission, index) => {
    const claim = claimId({ route: ROUTE, key: keyOf(index) });
    return { ...endOf(requireEntry(admission, false)), claimId: claim, answer };
  });
  await cell.settle(ended);
}

function keyOf(turn: number): string {
  return `key-${turn % CHARGED_KEYS}`;
}

/** An inference that was answered. */
export function endOf(entryId: EntryId): Ended {
  const times = { computeMs: 1, queueMicros: 0, computeMicros: 1_000, isColdStart: false };
  return { entryId, outcome: "ok", reason: undefined, ...times, bytesIn: 3_136, bytesOut: 200 };
}

function requireEntry(admission: Admission, isRepeat: boolean): EntryId {
  const wanted = isRepeat ? "repeated" : "admitted";
  if (admission.kind === wanted && "entryId" in admission) return admission.entryId;
  throw new Error(`An admission was not ${wanted}: ${JSON.stringify(admission)}`);
}
