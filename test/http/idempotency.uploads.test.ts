import { afterEach, describe, expect, test, vi } from "vitest";
import { withStoppedClock } from "../support/clock.ts";
import { type DirectCallOptions, callToTheEnd } from "../support/direct.ts";
import { cellsWithout, heldFiles } from "../support/faulty.ts";
import { addModel } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type CallOptions, type TestTenant, newTenant } from "../support/tenant.ts";

const START = "2030-01-01T00:00:00Z";
const UPLOAD_LEASE_MS = 15 * 60_000;
const KEY = { "Idempotency-Key": '"order-1"' };

const isReplayed = (response: Response): boolean => response.headers.get("Idempotent-Replayed") === "true";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("an upload", () => {
  /** A file of over 64 KiB, so that it is streamed: a model with a comment of zeros. */
  const large = (n: number): CallOptions => {
    const model = addModel(n);
    const padding = new Uint8Array(80 * 1024);
    padding.set([0x32, 0xfc, 0xff, 0x04]); // field 6, doc_string, of 81,916 bytes: 124 + 127 · 2^7 + 4 · 2^14
    return {
      body: Buffer.concat([model, padding]),
      headers: { ...KEY, "Content-Type": "application/octet-stream" },
    };
  };

  async function send(tenant: TestTenant, options: DirectCallOptions): Promise<Response> {
    return await callToTheEnd(tenant, "POST", "/v1/models/m/versions", options);
  }

  async function tenantWithModel(): Promise<TestTenant> {
    const tenant = await newTenant();
    await tenant.call("POST", "/v1/models", { json: { name: "m" } });
    return tenant;
  }

  test("of a large file is made once, and told from another by its length", async () => {
    const tenant = await tenantWithModel();
    const first = await send(tenant, large(1));
    expect(first.status).toBe(201);
    const again = await send(tenant, large(1));
    expect([isReplayed(again), await again.text()]).toEqual([true, await first.text()]);
    const longer = { ...large(1), body: new Uint8Array(90 * 1024) };
    await expectProblem(await send(tenant, longer), 422, "idempotency-mismatch");
  });

  test("of a large file is told from another of its length by the Content-Digest alone", async () => {
    const tenant = await tenantWithModel();
    const digestOf = (text: string) => `sha-512=:${Buffer.from(text).toString("base64")}:`;
    const sent = (n: number, digest: string): CallOptions => {
      const { headers, ...rest } = large(n);
      return { ...rest, headers: { ...headers, "Content-Digest": digestOf(digest) } };
    };
    expect((await send(tenant, sent(1, "one"))).status).toBe(201);
    await expectProblem(await send(tenant, sent(2, "two")), 422, "idempotency-mismatch");
    expect(isReplayed(await send(tenant, sent(2, "one")))).toBe(true);
  });

  test("of a large file that was refused may be sent again with its key: its bytes may not have arrived as they were sent", async () => {
    const tenant = await tenantWithModel();
    const digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"; // of no bytes at all
    const sent = { ...large(1), headers: { ...large(1).headers, "Content-Digest": digest } };
    for (let time = 0; time < 2; time++) {
      const refused = await send(tenant, sent);
      expect(isReplayed(refused)).toBe(false);
      await expectProblem(refused, 400, "digest-mismatch");
    }
  });

  test("of a small file is told from another of its length by its bytes", async () => {
    const tenant = await tenantWithModel();
    const small = (n: number): CallOptions => ({ ...large(n), body: addModel(n) });
    expect((await send(tenant, small(1))).status).toBe(201);
    expect(isReplayed(await send(tenant, small(1)))).toBe(true);
    await expectProblem(await send(tenant, small(2)), 422, "idempotency-mismatch");
  });

  test("as a form is the same with another boundary", async () => {
    const tenant = await tenantWithModel();
    const form = (boundary: string): CallOptions => {
      const head = `--${boundary}\r\nContent-Disposition: form-data; name="model"; filename="m.onnx"\r\n\r\n`;
      const body = Buffer.concat([Buffer.from(head), addModel(1), Buffer.from(`\r\n--${boundary}--\r\n`)]);
      return { body, headers: { ...KEY, "Content-Type": `multipart/form-data; boundary=${boundary}` } };
    };
    const first = await send(tenant, form("one"));
    expect(first.status).toBe(201);
    const again = await send(tenant, form("two"));
    expect([isReplayed(again), await again.text()]).toEqual([true, await first.text()]);
  });

  test("that is still under way is 409 with Retry-After to its repetition", async () => {
    const tenant = await tenantWithModel();
    const { files, reached, release } = heldFiles();
    const first = send(tenant, { ...large(1), bindings: { MODELS: files } });
    await reached;
    const second = await send(tenant, large(1));
    expect(second.headers.get("Retry-After")).toBe("1");
    await expectProblem(second, 409, "idempotency-in-flight");
    release();
    expect((await first).status).toBe(201);
    expect(isReplayed(await send(tenant, large(1)))).toBe(true);
  });

  test("may take a quarter of an hour before a repetition takes its place", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await withStoppedClock(START, async (clock) => {
      const tenant = await tenantWithModel();
      await send(tenant, { ...large(1), bindings: { TENANT_CELL: cellsWithout("conclude") } });
      clock.advanceMs(UPLOAD_LEASE_MS - 1);
      await expectProblem(await send(tenant, large(1)), 409, "idempotency-in-flight");
      clock.advanceMs(1);
      expect((await send(tenant, large(1))).status).toBe(201);
    });
  });
});
