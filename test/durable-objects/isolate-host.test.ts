import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { ENGINE_HEADERS } from "../../engine/contract.ts";
import {
  HOSTED_VERSION,
  formatHostedVersion,
  hostOf,
  isolatesPerHost,
} from "../../src/inference/isolate-host.rules.ts";
import { filesOf } from "../../src/models/models.rules.ts";
import { newId } from "../../src/shared/ids.ts";
import { addModel, addOneRequest } from "../support/models.ts";

const host = env.ISOLATE_HOST.getByName("a host of tests");
const tenantId = newId("ten", 1);

/** A version of `y = x + n`, stored as an upload would. */
async function store(n: number) {
  const version = { modelId: newId("mdl", 2), versionId: newId("ver", 3), externalData: [] };
  await env.MODELS.put(filesOf(tenantId, version).model, addModel(n));
  return version;
}

async function infer(version: Awaited<ReturnType<typeof store>>) {
  const response = await host.fetch("http://engine/infer", {
    method: "POST",
    body: JSON.stringify(addOneRequest),
    headers: { [HOSTED_VERSION]: formatHostedVersion(tenantId, version) },
  });
  const { outputs }: { outputs: { data: number[] }[] } = await response.json();
  return { isCold: response.headers.has(ENGINE_HEADERS.coldStart), data: outputs[0]?.data };
}

describe("a host of isolates", () => {
  test("keeps a version's isolate warm, and starts the one that was used least recently anew when there are too many", async () => {
    await runInDurableObject(host, (instance) => {
      Object.assign(instance, { env: { ...env, MAX_LIVE_ISOLATES: "8" } }); // two for each of the four hosts
    });
    const [one, two, three] = [await store(1), await store(2), await store(3)];
    expect(await infer(one)).toEqual({ isCold: true, data: [2, 3] });
    expect(await infer(two)).toEqual({ isCold: true, data: [3, 4] });
    expect(await infer(one)).toEqual({ isCold: false, data: [2, 3] });
    expect(await infer(three)).toEqual({ isCold: true, data: [4, 5] }); // two goes
    expect(await infer(one)).toEqual({ isCold: false, data: [2, 3] });
    expect(await infer(two)).toEqual({ isCold: true, data: [3, 4] }); // three goes
    expect(await infer(one)).toEqual({ isCold: false, data: [2, 3] });
  });

  test("answers on after it was evicted itself", async () => {
    const version = await store(1);
    await infer(version);
    await evictDurableObject(host);
    expect(await infer(version)).toEqual({ isCold: true, data: [2, 3] });
  });
});

describe("the machine's isolates", () => {
  test("are shared out among four hosts, and each host may have one at the least", () => {
    expect([1, 4, 16, 18].map(isolatesPerHost)).toEqual([1, 1, 4, 4]);
    const hosts = Array.from({ length: 200 }, () =>
      hostOf({ modelId: newId("mdl", 1), versionId: newId("ver", 1), externalData: [] }),
    );
    expect(new Set(hosts).size).toBe(4);
  });
});
