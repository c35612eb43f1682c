import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { ENGINE_HEADERS } from "../../engine/contract.ts";
import type { IsolatedVersion } from "../../src/inference/isolate-host.rules.ts";
import { hostedIsolates } from "../../src/inference/isolates.ts";
import { filesOf } from "../../src/models/models.rules.ts";
import { newId } from "../../src/shared/ids.ts";
import { addModel, addOneRequest } from "../support/models.ts";

const isolates = hostedIsolates(env.ISOLATE_HOST, 2);
const tenantId = newId("ten", 1);

/** A version of `y = x + n`, stored as an upload would. */
async function store(n: number): Promise<IsolatedVersion> {
  const version = { modelId: newId("mdl", 2), versionId: newId("ver", 3), externalData: [] };
  await env.MODELS.put(filesOf(tenantId, version).model, addModel(n));
  return version;
}

async function infer(version: IsolatedVersion) {
  const isolate = isolates.open(tenantId, version, 10_000);
  const response = await isolate.fetch("http://engine/infer", { method: "POST", body: JSON.stringify(addOneRequest) });
  const { outputs }: { outputs: { data: number[] }[] } = await response.json();
  return { isCold: response.headers.has(ENGINE_HEADERS.coldStart), data: outputs[0]?.data };
}

describe("hosted isolates", () => {
  test("stay warm up to a number, beyond which the one that was used least recently goes and starts anew", async () => {
    const [one, two, three] = [await store(1), await store(2), await store(3)];
    expect(await infer(one)).toEqual({ isCold: true, data: [2, 3] });
    expect(await infer(two)).toEqual({ isCold: true, data: [3, 4] });
    expect(await infer(one)).toEqual({ isCold: false, data: [2, 3] });
    expect(await infer(three)).toEqual({ isCold: true, data: [4, 5] }); // two goes
    expect(await infer(one)).toEqual({ isCold: false, data: [2, 3] });
    expect(await infer(two)).toEqual({ isCold: true, data: [3, 4] }); // three goes
    expect(await infer(one)).toEqual({ isCold: false, data: [2, 3] });
  });

  test("go only when nothing runs in them, however many there are", async () => {
    const versions = await Promise.all([1, 2, 3, 4].map(store));
    const answers = await Promise.all(versions.map(infer));
    expect(answers.map(({ data }) => data)).toEqual([
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 6],
    ]);
  });
});
