import { describe, expect, test, vi } from "vitest";
import { TenantCell } from "../../durable-objects/tenant-cell.ts";
import { Overloaded } from "../../src/admission/group-commit.ts";
import { requestAdmission, settleLater } from "../../src/admission/admission.service.ts";
import type { Admission, AdmissionRequest } from "../../src/admission/admission.rules.ts";
import type { Cells } from "../../src/admission/cells.ts";
import { newId } from "../../src/shared/ids.ts";
import type { Settlement } from "../../src/usage/ledger.rules.ts";
import { readLedger, settlementOf } from "../support/cell.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { newTenant } from "../support/tenant.ts";

const access: AdmissionRequest = {
  kind: "access",
  credential: { kind: "key", hash: "secret" },
  address: "",
  origin: undefined,
  endpoint: "read",
  model: undefined,
  anyScope: ["models:read"],
  idempotency: undefined,
};

function settlement(): Settlement {
  return settlementOf(newId("ent", 0));
}

type Admit = (batch: AdmissionRequest[], settlements: Settlement[]) => Promise<Admission[]>;
type Settle = (batch: Settlement[]) => Promise<void>;

/** Cells that are one function each. */
function cellsWith(cell: { admit?: Admit; settle?: Settle }) {
  return { getByName: () => cell } as unknown as Cells;
}

describe("concurrent inferences of one tenant", () => {
  test("share trips to its cell, and each is charged once and has its own answer", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const admit = vi.spyOn(TenantCell.prototype, "admit");
    const settle = vi.spyOn(TenantCell.prototype, "settle");
    const calls = Array.from({ length: 50 }, async (_, index) => {
      const inputs = [{ ...addOneRequest.inputs[0], data: [index, 0] }];
      const response = await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json: { id: `r${index}`, inputs } });
      return {
        status: response.status,
        entry: response.headers.get("Tensorgate-Entry"),
        answer: await response.json(),
      };
    });
    const answers = await Promise.all(calls);
    const admissions = admit.mock.calls.map(([batch]) => batch.length);
    const along = admit.mock.calls.map(([, settlements = []]) => settlements.length);
    const settlements = [...along, ...settle.mock.calls.map(([batch]) => batch.length)].filter((size) => size > 0);
    vi.restoreAllMocks();

    const ledger = await readLedger(tenant);
    expect(answers).toEqual(
      answers.map((_, index) => ({
        status: 200,
        entry: expect.stringMatching(/^ent_/),
        answer: {
          model_name: "m",
          model_version: "1",
          id: `r${index}`,
          outputs: [{ name: "y", datatype: "FP32", shape: [1, 2], data: [index + 1, 1] }],
        },
      })),
    );
    expect(ledger.map(({ units, outcome }) => [units, outcome])).toEqual(answers.map(() => [1, "ok"]));
    expect(new Set(ledger.map(({ id }) => id))).toEqual(new Set(answers.map((answer) => answer.entry)));
    // The first goes alone; those that come while it is under way go together, 49 of them where nothing is slow.
    expect(admissions[0]).toBe(1);
    expect(admissions.reduce((total, size) => total + size, 0)).toBe(50);
    expect(admissions.length).toBeLessThanOrEqual(5);
    expect(settlements.reduce((total, size) => total + size, 0)).toBe(50);
    expect(settlements.length).toBeLessThan(50);
  });
});

describe("an admission", () => {
  test("is kept alive beyond its caller, for others may be on its trip, and its fault is the caller's alone", async () => {
    const kept: Promise<unknown>[] = [];
    const fault = new Error("the cell was reset");
    const cells = cellsWith({ admit: async () => await Promise.reject(fault) });
    const answer = requestAdmission(newId("ten", 0), cells, (promise) => kept.push(promise), access);
    await expect(answer).rejects.toBe(fault);
    expect(await Promise.all(kept)).toEqual([undefined]);
  });

  test("goes to the cell that is named by the tenant's id", async () => {
    const trips: [name: string, batch: AdmissionRequest[]][] = [];
    const getByName = (name: string) => ({
      admit: async (batch: AdmissionRequest[]): Promise<Admission[]> => {
        trips.push([name, batch]);
        return await Promise.resolve([{ kind: "unknown-key" }]);
      },
    });
    const tenantId = newId("ten", 0);
    const cells = { getByName } as unknown as Cells;
    expect(await requestAdmission(tenantId, cells, () => undefined, access)).toEqual({ kind: "unknown-key" });
    expect(trips).toEqual([[tenantId, [access]]]);
  });
});

describe("a trip that the platform broke off", () => {
  const infer: AdmissionRequest = {
    kind: "infer",
    entryId: newId("ent", 0),
    credential: { kind: "key", hash: "secret" },
    address: "",
    origin: undefined,
    model: "m",
    version: undefined,
    routingKey: undefined,
    idempotency: undefined,
    bytesIn: 0,
  };
  const brokenOff = (why: object): Error => Object.assign(new Error("Network connection lost."), why);

  /** Ask a cell that breaks off the first trip; what became of the request, and the trips. */
  async function ask(request: AdmissionRequest, fault: Error) {
    const trips: AdmissionRequest[][] = [];
    const admit = async (batch: AdmissionRequest[]): Promise<Admission[]> => {
      trips.push(batch);
      if (trips.length === 1) throw fault;
      return await Promise.resolve(batch.map(() => ({ kind: "revoked-key" })));
    };
    const asked = requestAdmission(newId("ten", 0), cellsWith({ admit }), () => undefined, request);
    const answer = await asked.catch((error: unknown) => error);
    return { answer, trips };
  }

  test("is made again with the inferences that were on it, because each names the entry that it is charged to", async () => {
    expect(await ask(infer, brokenOff({ retryable: true }))).toEqual({
      answer: { kind: "revoked-key" },
      trips: [[infer], [infer]],
    });
  });

  test("is not made again for what names none: its caller is told to come back", async () => {
    const { answer, trips } = await ask(access, brokenOff({ retryable: true }));
    expect(answer).toBeInstanceOf(Overloaded);
    expect(trips).toHaveLength(1);
  });

  test("is not made again to a cell that has too much to do", async () => {
    const { answer, trips } = await ask(infer, brokenOff({ retryable: true, overloaded: true }));
    expect(answer).toBeInstanceOf(Overloaded);
    expect(trips).toHaveLength(1);
  });

  test("is not made again when it was the cell's own code that failed", async () => {
    const fault = brokenOff({ remote: true });
    expect(await ask(infer, fault)).toEqual({ answer: fault, trips: [[infer]] });
  });
});

describe("a settlement", () => {
  test("that is lost is logged with all that it said, and disturbs no one", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const kept: Promise<unknown>[] = [];
    const tenantId = newId("ten", 0);
    const lost = settlement();
    const cells = cellsWith({ settle: async () => await Promise.reject(new Error("the cell was reset")) });
    settleLater(tenantId, cells, (promise) => kept.push(promise), lost);
    const ends = await Promise.allSettled(kept);
    const lines = JSON.stringify(logged.mock.calls);
    logged.mockRestore();
    expect(ends).toEqual([{ status: "fulfilled", value: undefined }]);
    expect(lines).toContain(tenantId);
    expect(lines).toContain(lost.entryId);
    expect(lines).toContain("the cell was reset");
  });

  test("waits a moment for company: those that end together go together", async () => {
    const batches: Settlement[][] = [];
    const settle = async (batch: Settlement[]): Promise<void> => {
      batches.push(batch);
      await Promise.resolve();
    };
    const kept: Promise<unknown>[] = [];
    const tenantId = newId("ten", 0);
    const cells = cellsWith({ settle });
    const all = Array.from({ length: 20 }, settlement);
    for (const one of all) settleLater(tenantId, cells, (promise) => kept.push(promise), one);
    await Promise.all(kept);
    expect(batches).toEqual([all]);
  });

  test("goes along with the tenant's next admission, and then makes no trip of its own", async () => {
    const admit = vi.fn<Admit>(async () => await Promise.resolve([{ kind: "unknown-key" }]));
    const settle = vi.fn<Settle>(async () => await Promise.resolve());
    const kept: Promise<unknown>[] = [];
    const [tenantId, ended] = [newId("ten", 0), settlement()];
    const cells = cellsWith({ admit, settle });
    settleLater(tenantId, cells, (promise) => kept.push(promise), ended);
    await requestAdmission(tenantId, cells, () => undefined, access);
    await requestAdmission(tenantId, cells, () => undefined, access);
    await Promise.all(kept);
    expect(admit.mock.calls).toEqual([
      [[access], [ended]],
      [[access], []],
    ]);
    expect(settle).not.toHaveBeenCalled();
  });

  test("goes on its own when the admission that carried it failed", async () => {
    const batches: Settlement[][] = [];
    const settle = async (batch: Settlement[]): Promise<void> => {
      batches.push(batch);
      await Promise.resolve();
    };
    const kept: Promise<unknown>[] = [];
    const [tenantId, ended] = [newId("ten", 0), settlement()];
    const cells = cellsWith({ admit: async () => await Promise.reject(new Error("the cell was reset")), settle });
    settleLater(tenantId, cells, (promise) => kept.push(promise), ended);
    await expect(requestAdmission(tenantId, cells, () => undefined, access)).rejects.toThrow("the cell was reset");
    await Promise.all(kept);
    expect(batches).toEqual([[ended]]);
  });

  test("does not go along with another tenant's admission", async () => {
    const admit = vi.fn<Admit>(async () => await Promise.resolve([{ kind: "unknown-key" }]));
    const settle = vi.fn<Settle>(async () => await Promise.resolve());
    const kept: Promise<unknown>[] = [];
    const ended = settlement();
    const cells = cellsWith({ admit, settle });
    settleLater(newId("ten", 0), cells, (promise) => kept.push(promise), ended);
    await requestAdmission(newId("ten", 0), cells, () => undefined, access);
    await Promise.all(kept);
    expect(admit.mock.calls).toEqual([[[access], []]]);
    expect(settle.mock.calls).toEqual([[[ended]]]);
  });
});
