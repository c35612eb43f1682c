import { describe, expect, test } from "vitest";
import { readBody } from "../../engine/body.ts";
import { Refusal } from "../../engine/refusal.ts";

/** A request whose body comes in these chunks, without saying how long it is. */
function streamed(chunks: readonly unknown[], onPull?: (index: number) => void): Request {
  const rest = chunks.entries();
  const body = new ReadableStream({
    pull(controller) {
      const { value, done } = rest.next();
      if (done === true) {
        controller.close();
        return;
      }
      onPull?.(value[0]);
      controller.enqueue(value[1]);
    },
  });
  return new Request("http://engine/infer", { method: "POST", body });
}

function announced(body: Uint8Array<ArrayBuffer>, length = body.byteLength): Request {
  const headers = { "content-length": String(length) };
  return new Request("http://engine/infer", { method: "POST", body, headers });
}

async function refusalOfBody(request: Request, maxBytes: number): Promise<unknown> {
  const error: unknown = await readBody(request, maxBytes).catch((reason: unknown) => reason);
  return error instanceof Refusal ? { code: error.code, detail: error.detail, evidence: error.evidence } : error;
}

const tooLargeForFour = {
  code: "body-too-large",
  detail: "The body is larger than 4 bytes.",
  evidence: { max_bytes: 4 },
};

describe("a request's body", () => {
  test("that is missing is empty", async () => {
    expect(await readBody(new Request("http://engine/infer", { method: "POST" }), 4)).toEqual(new Uint8Array());
  });

  test("is read whole when it is announced and exactly as large as allowed", async () => {
    expect(await readBody(announced(Uint8Array.of(1, 2, 3, 4)), 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test("is refused by its announced length, without being read", async () => {
    const request = announced(Uint8Array.of(1, 2, 3, 4, 5));
    expect(await refusalOfBody(request, 4)).toEqual(tooLargeForFour);
    expect(request.bodyUsed).toBe(false);
  });

  test("that is streamed is joined in order, up to exactly what is allowed", async () => {
    const chunks = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3), Uint8Array.of(4)];
    expect(await readBody(streamed(chunks), 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test("that is streamed and empty is empty", async () => {
    expect(await readBody(streamed([]), 4)).toEqual(new Uint8Array());
  });

  test("that is streamed is given up soon after the chunk that makes it too large", async () => {
    const pulled: number[] = [];
    const chunks = Array.from({ length: 1_000 }, () => Uint8Array.of(1, 2));
    // 2 + 2 + 2 = 6 > 4: the third chunk is one too many. The stream's own queue may hold a few more.
    expect(
      await refusalOfBody(
        streamed(chunks, (index) => pulled.push(index)),
        4,
      ),
    ).toEqual(tooLargeForFour);
    expect(pulled.length).toBeLessThan(10);
  });

  test("that is a stream of something else than bytes is a fault, not a refusal", async () => {
    expect(await refusalOfBody(streamed(["text"]), 4)).toBeInstanceOf(TypeError);
  });
});

/** A request with a compressed body, of a length that is not announced. */
function compressed(format: "gzip" | "deflate", content: Uint8Array<ArrayBuffer>, coding: string = format): Request {
  const body = new Blob([content]).stream().pipeThrough(new CompressionStream(format));
  return new Request("http://engine/infer", { method: "POST", body, headers: { "content-encoding": coding } });
}

describe("a compressed body", () => {
  test.for([
    ["gzip", "gzip"],
    ["deflate", "deflate"],
    ["gzip", "x-gzip"],
    ["gzip", " GZip "],
  ] as const)("of %s, called %j, is read unpacked", async ([format, coding]) => {
    expect(await readBody(compressed(format, Uint8Array.of(1, 2, 3, 4), coding), 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test("that is said to be as it is, is", async () => {
    const headers = { "content-encoding": "identity" };
    const request = new Request("http://engine/infer", { method: "POST", body: Uint8Array.of(1, 2), headers });
    expect(await readBody(request, 4)).toEqual(Uint8Array.of(1, 2));
  });

  test("is bounded by what it unpacks to, however small it is itself", async () => {
    // A megabyte of zeros is about a kilobyte of gzip.
    const request = compressed("gzip", new Uint8Array(2 ** 20));
    expect(await refusalOfBody(request, 2 ** 20 - 1)).toMatchObject({ evidence: { max_bytes: 2 ** 20 - 1 } });
  });

  test.for(["br", "zstd", "gzip, gzip", "constructor"])("of the coding %j is refused", async (coding) => {
    expect(await refusalOfBody(compressed("gzip", Uint8Array.of(1), coding), 4)).toEqual({
      code: "unsupported-media-type",
      detail: `The Content-Encoding ${coding} is not supported; send gzip, deflate or the body as it is.`,
      evidence: {},
    });
  });

  test("that is not of its coding is refused", async () => {
    const headers = { "content-encoding": "gzip" };
    const body = new TextEncoder().encode('{"inputs":[]}');
    const request = new Request("http://engine/infer", { method: "POST", body, headers });
    expect(await refusalOfBody(request, 100)).toEqual({
      code: "invalid-request",
      detail: "The body is not gzip, as its Content-Encoding says.",
      evidence: {},
    });
  });

  test("that is cut short is refused, not read as far as it goes", async () => {
    const whole = await new Response(compressed("gzip", crypto.getRandomValues(new Uint8Array(1_000))).body).bytes();
    const headers = { "content-encoding": "gzip" };
    const request = new Request("http://engine/infer", { method: "POST", body: whole.subarray(0, 500), headers });
    expect(await refusalOfBody(request, 10_000)).toMatchObject({ code: "invalid-request" });
  });
});
