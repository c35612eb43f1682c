import { describe, expect, test, vi } from "vitest";
import { env } from "cloudflare:workers";
import { addOneRequest } from "../support/models.ts";
import { callToTheEnd } from "../support/direct.ts";
import { type Outside, withOutside } from "../support/outside.ts";
import { expectProblem } from "../support/problem.ts";
import { readLedger } from "../support/cell.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const METADATA = {
  name: "resnet",
  platform: "onnxruntime_onnx",
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
  outputs: [{ name: "y", datatype: "FP32", shape: ["-1", "2"] }],
};
const ANSWER = { model_name: "resnet", outputs: [{ name: "y", datatype: "FP32", shape: [1, 2], data: [2, 3] }] };

/** A server that describes its model and answers every inference this way. */
function serverThat(answer: Outside): Outside {
  return (request) => (request.method === "GET" ? Response.json(METADATA) : answer(request));
}

/** A tenant with a model whose version runs on a server of its own; its name is new, so that breakers are closed. */
async function withServer(limits: Record<string, number> = {}): Promise<{
  tenant: TestTenant;
  server: { url: string; model: string; authorization: string };
}> {
  const tenant = await newTenant({ limits });
  await tenant.call("POST", "/v1/models", { json: { name: "m" } });
  const server = {
    url: `https://${tenant.id.replace("_", "-")}.example.com`,
    model: "resnet",
    authorization: "Bearer geheim",
  };
  return { tenant, server };
}

async function name(tenant: TestTenant, json: object, outside: Outside): Promise<Response> {
  return await withOutside(outside, async () => await callToTheEnd(tenant, "POST", "/v1/models/m/backends", { json }));
}

async function infer(tenant: TestTenant, key?: string): Promise<Response> {
  const headers = key === undefined ? {} : { "Idempotency-Key": `"${key}"` };
  return await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json: addOneRequest, headers });
}

async function silently<T>(act: () => Promise<T>): Promise<T> {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    return await act();
  } finally {
    log.mockRestore();
  }
}

describe("a version on a server of the tenant's own", () => {
  test("has the signature that the server describes, and no trace of its credential anywhere to be seen", async () => {
    const { tenant, server } = await withServer();
    const named = await name(
      tenant,
      server,
      serverThat(() => Response.json(ANSWER)),
    );
    expect(named.status).toBe(201);
    expect(await named.clone().json()).toMatchObject({
      runtime: "backend",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
      outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }],
    });
    const seen = (await named.text()) + (await (await tenant.call("GET", "/v1/models/m")).text());
    const rows = await env.DB.prepare("SELECT * FROM versions WHERE tenant_id = ?").bind(tenant.id).all();
    expect(seen + JSON.stringify(rows)).not.toContain("geheim");
  });

  test("is asked as the caller asked, with its own credential and not the caller's, and charged like any other", async () => {
    const { tenant, server } = await withServer();
    const outside = serverThat(() => Response.json(ANSWER));
    await name(tenant, server, outside);
    await withOutside(outside, async (sent) => {
      const answered = await infer(tenant);
      expect(answered.status).toBe(200);
      expect(await answered.json()).toEqual(ANSWER);
      const [request] = sent;
      expect(request?.url).toBe(`${server.url}/v2/models/resnet/infer`);
      expect(request?.headers.get("Authorization")).toBe("Bearer geheim");
      expect(await request?.json()).toEqual(addOneRequest);
      expect(request?.redirect).toBe("manual");
    });
    expect(await readLedger(tenant)).toMatchObject([{ outcome: "ok", units: 1 }]);
  });

  test("that refuses the request is a 422 with its own words, not charged", async () => {
    const { tenant, server } = await withServer();
    const outside = serverThat(() => Response.json({ error: "unexpected shape for input 'x'" }, { status: 400 }));
    await name(tenant, server, outside);
    const refused = await withOutside(outside, async () => await infer(tenant));
    const problem = await expectProblem(refused, 422, "inference-failed");
    expect(problem.detail).toContain("answered 400: unexpected shape for input 'x'");
    expect(await readLedger(tenant)).toMatchObject([{ outcome: "rejected", units: 0 }]);
  });

  test.each([
    ["breaks down", () => new Response("secret detail", { status: 500 }), 502, "runtime-failed"],
    [
      "redirects",
      () => new Response(null, { status: 302, headers: { Location: "https://elsewhere.example" } }),
      502,
      "runtime-failed",
    ],
    [
      "can't be reached",
      () => {
        throw new TypeError("Network connection lost: secret detail");
      },
      503,
      "backend-unavailable",
    ],
  ] as const)("that %s is refunded, and what it said stays in the log", async (_title, answer, status, code) => {
    const { tenant, server } = await withServer();
    await name(
      tenant,
      server,
      serverThat(() => Response.json(ANSWER)),
    );
    const failed = await silently(async () => await withOutside(serverThat(answer), async () => await infer(tenant)));
    const problem = await expectProblem(failed, status, code);
    expect(JSON.stringify(problem)).not.toContain("secret detail");
    expect(await readLedger(tenant)).toMatchObject([{ outcome: "failed", units: 0 }]);
  });

  test("that does not answer within the tenant's limit is given up: 504, refunded, and not asked again", async () => {
    const { tenant, server } = await withServer({ run_ms: 50 });
    await name(
      tenant,
      server,
      serverThat(() => Response.json(ANSWER)),
    );
    let calls = 0;
    const silent = serverThat(async ({ signal }) => {
      calls += 1;
      const { promise, reject } = Promise.withResolvers<Response>();
      signal.addEventListener("abort", () => reject(new Error("The caller has gone.")));
      return await promise;
    });
    const late = await silently(async () => await withOutside(silent, async () => await infer(tenant, "k1")));
    expect((await expectProblem(late, 504, "run-timed-out")).detail).toContain("50 ms");
    expect(calls).toBe(1);
    expect(await readLedger(tenant)).toMatchObject([{ outcome: "failed", units: 0 }]);
  });

  test("is asked a second time for a call with an Idempotency-Key, and never for one without", async () => {
    const { tenant, server } = await withServer();
    await name(
      tenant,
      server,
      serverThat(() => Response.json(ANSWER)),
    );
    let calls = 0;
    const onceBroken = serverThat(() => {
      calls += 1;
      return calls === 1 ? new Response(null, { status: 500 }) : Response.json(ANSWER);
    });
    const keyed = await silently(async () => await withOutside(onceBroken, async () => await infer(tenant, "k1")));
    expect({ status: keyed.status, calls }).toEqual({ status: 200, calls: 2 });
    calls = 0;
    const plain = await silently(async () => await withOutside(onceBroken, async () => await infer(tenant)));
    expect({ status: plain.status, calls }).toEqual({ status: 502, calls: 1 });
    expect(await readLedger(tenant)).toMatchObject([{ units: 1 }, { units: 0 }]);
  });

  test("that fails five times in a row is left alone, and the caller told when to come back", async () => {
    const { tenant, server } = await withServer();
    await name(
      tenant,
      server,
      serverThat(() => Response.json(ANSWER)),
    );
    const broken = serverThat(() => new Response(null, { status: 500 }));
    await silently(async () => {
      await withOutside(broken, async (sent) => {
        for (let call = 0; call < 5; call++) await expectProblem(await infer(tenant), 502, "runtime-failed");
        const refused = await infer(tenant);
        expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
        await expectProblem(refused, 503, "backend-unavailable");
        expect(sent).toHaveLength(5);
      });
    });
    expect((await readLedger(tenant)).every((entry) => entry.units === 0)).toBe(true);
  });
});

describe("naming a server is refused", () => {
  test("when it does not describe the model", async () => {
    const { tenant, server } = await withServer();
    const missing = await name(tenant, server, () => new Response(null, { status: 404 }));
    expect((await expectProblem(missing, 422, "model-rejected")).detail).toContain("answered 404, not 200");
    const strange = await name(tenant, server, () => Response.json({ name: "resnet", inputs: [], outputs: [] }));
    expect((await expectProblem(strange, 422, "model-rejected")).detail).toContain("inputs");
    expect(await (await tenant.call("GET", "/v1/models/m")).json()).toMatchObject({ versions: [] });
  });

  test("when its URL leads into a private network, and nothing is sent there", async () => {
    const { tenant, server } = await withServer();
    await withOutside(
      () => Response.json(METADATA),
      async (sent) => {
        const json = { ...server, url: "https://169.254.169.254" };
        const refused = await callToTheEnd(tenant, "POST", "/v1/models/m/backends", { json });
        expect((await expectProblem(refused, 400, "invalid-request")).detail).toContain("url: must have a name");
        expect(sent).toEqual([]);
      },
    );
  });
});
