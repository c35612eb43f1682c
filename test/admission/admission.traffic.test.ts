import { describe, expect, test } from "vitest";
import { type InferRequest, admit } from "../../src/admission/admission.rules.ts";
import type { Traffic } from "../../src/admission/traffic.rules.ts";
import {
  CLAIM,
  type MemoryState,
  NOW_MS,
  claimOf,
  deploymentOf,
  idempotency,
  inference,
  tenantWithModel,
} from "./memory-state.ts";

/** A tenant whose model "m" of three versions has this traffic, and no limit. */
function tenantWithTraffic(traffic: Traffic): MemoryState {
  const state = tenantWithModel();
  state.tenant = { ...state.tenant, limits: { rates: [], quotas: [], concurrency: [] } };
  state.deployments.set("m", { ...deploymentOf("m", 3), traffic });
  return state;
}

/** The versions that these callers get, one after the other. */
function versionsFor(state: MemoryState, requests: Partial<InferRequest>[]): (number | string)[] {
  return requests.map((request) => {
    const answer = admit(state, inference(request), NOW_MS);
    return answer.kind === "admitted" ? answer.version.number : answer.kind;
  });
}

const callers = Array.from({ length: 100 }, (_, index) => ({ routingKey: `caller-${index}` }));

describe("traffic", () => {
  test("serves who names no version, and who names production, the same one", () => {
    const state = tenantWithTraffic({ "1": 50, "2": 50 });
    const unnamed = versionsFor(state, callers);
    expect(new Set(unnamed)).toEqual(new Set([1, 2]));
    const named = callers.map((caller) => ({ ...caller, version: "production" }));
    expect(versionsFor(state, named)).toEqual(unnamed);
  });

  test("does not touch who names a version by its number or another alias", () => {
    const state = tenantWithTraffic({ "1": 50, "2": 50 });
    expect(versionsFor(state, [{ version: "3" }, { version: "1" }, { version: "2" }])).toEqual([3, 1, 2]);
  });

  test("gives one caller the same version every time", () => {
    const state = tenantWithTraffic({ "1": 50, "2": 50 });
    const same = Array.from({ length: 100 }, () => ({ routingKey: "one-caller" }));
    expect(new Set(versionsFor(state, same)).size).toBe(1);
  });

  test("knows a caller without a routing key by the id of the API key", () => {
    for (let tenant = 0; tenant < 20; tenant++) {
      const state = tenantWithTraffic({ "1": 50, "2": 50 });
      const keyId = state.keys.get("secret")?.keyId ?? "";
      const [without, withIt] = versionsFor(state, [{}, { routingKey: keyId }]);
      expect(without).toBe(withIt);
    }
  });

  test("is not asked when a request is repeated: it runs the version that it was charged on", () => {
    const state = tenantWithTraffic({ "3": 100 });
    state.claims.set(CLAIM, claimOf(state));
    expect(admit(state, inference({ idempotency }), NOW_MS)).toMatchObject({ replayed: true, version: { number: 1 } });
  });
});
