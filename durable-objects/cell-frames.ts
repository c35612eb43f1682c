import { limitStates } from "../src/admission/limit-states.rules.ts";
import type { Limits, Subject } from "../src/admission/policies.rules.ts";
import { toTimestamp } from "../src/shared/clock.ts";
import { type HelloFrame, type LimitFrame, type Second, type TickFrame, limitFrames } from "../src/usage/feed.rules.ts";
import { nameOfSubject } from "./cell-limits.ts";
import type { CellMemory } from "./cell-memory.ts";

/** How a cell stands. */
export function helloFrame(memory: CellMemory, nowMs: number): HelloFrame {
  return {
    type: "hello",
    protocol: 1,
    server_time: toTimestamp(nowMs),
    in_flight: memory.inFlight("tenant"),
    limits: framesOf(tenantLimits(memory), ["tenant", "tenant"], memory, nowMs),
  };
}

/** What happened in a second, and how the limits stand that it counted for: the tenant's, and those of its keys and models. */
export function tickFrame(second: Second, memory: CellMemory, nowMs: number): TickFrame {
  const limits = tenantLimits(memory);
  const own = [...memory.keysByHash.values()].filter(({ keyId }) => second.keyIds.has(keyId));
  const ownLimits = new Map<string, Limits>(own.map((key) => [key.keyId, memory.limitsOf(key)]));
  return second.tick(memory.inFlight("tenant"), [
    ...framesOf(limits, ["tenant", "tenant"], memory, nowMs),
    ...[...second.keyIds].flatMap((id) => framesOf(ownLimits.get(id) ?? limits, ["key", id], memory, nowMs)),
    ...[...second.modelIds].flatMap((id) => framesOf(limits, ["model", id], memory, nowMs)),
  ]);
}

/** The limits of a caller that has none of its own. */
function tenantLimits(memory: CellMemory): Limits {
  return memory.limitsOf({ limits: null });
}

function framesOf(
  limits: Limits,
  whose: readonly [per: Subject, id: string],
  memory: CellMemory,
  nowMs: number,
): LimitFrame[] {
  const states = limitStates(limits, whose, memory, nowMs, memory.tenant.periodAnchorMs);
  const [per, id] = whose;
  return limitFrames([per, nameOfSubject(memory, { per, id })], states);
}
