import { describe, expect, test, vi } from "vitest";
import { ReporterKeys, loadReporterKeys } from "../../src/identity/reporter-keys.ts";
import { withOutside } from "../support/outside.ts";
import { TestReporter } from "../support/reporter.ts";

const BODY = "[]";
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** Keys of reporters at a time that the test says, and how often they were read. */
function watched(load: () => Promise<TestReporter["published"]>) {
  const at = { ms: 0 };
  const read = vi.fn<typeof load>(load);
  return { at, read, keys: new ReporterKeys(read, () => at.ms) };
}

describe("a report", () => {
  test("that GitHub gives as its sample is genuine with the key that it was signed with", async () => {
    // https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partner-program: its s has 31 bytes
    const keyId = "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c";
    const key =
      "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\n" +
      "AjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n";
    const signature =
      "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==";
    const body = `[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]`;
    const list = { public_keys: [{ key_identifier: keyId, key }] };
    const keys = new ReporterKeys(
      async () => await Promise.resolve(list),
      () => 0,
    );
    expect(await keys.verify(keyId, signature, bytes(body))).toBe("genuine");
    expect(await keys.verify(keyId, signature, bytes(`${body}\n`))).toBe("forged");
  });

  test("of another key, over another body or without a signature is forged", async () => {
    const [reporter, other] = [await TestReporter.make(), await TestReporter.make()];
    const { keys } = watched(async () => await Promise.resolve(reporter.published));
    expect(await keys.verify(reporter.keyId, await reporter.sign(BODY), bytes(BODY))).toBe("genuine");
    expect(await keys.verify(reporter.keyId, await other.sign(BODY), bytes(BODY))).toBe("forged");
    expect(await keys.verify(reporter.keyId, await reporter.sign("[1]"), bytes(BODY))).toBe("forged");
    for (const nonsense of ["", "?", "AAAA", "A".repeat(4096)]) {
      expect(await keys.verify(reporter.keyId, nonsense, bytes(BODY))).toBe("forged");
    }
  });

  test("with an unknown key has the keys read again, but not for each: once a minute", async () => {
    const [first, second] = [await TestReporter.make(), await TestReporter.make()];
    let published = first.published;
    const { at, read, keys } = watched(async () => await Promise.resolve(published));
    const verify = async (who: TestReporter) => await keys.verify(who.keyId, await who.sign(BODY), bytes(BODY));
    expect([await verify(first), await verify(second), await verify(second)]).toEqual([
      "genuine",
      "unknown-key",
      "unknown-key",
    ]);
    expect(read).toHaveBeenCalledTimes(1);
    published = second.published;
    at.ms = 60_001;
    expect([await verify(second), await verify(first)]).toEqual(["genuine", "unknown-key"]);
    expect(read).toHaveBeenCalledTimes(2);
  });

  test("is a fault while the keys can't be read, but for keys that are known; the next try is five seconds later", async () => {
    const [known, unknown] = [await TestReporter.make(), await TestReporter.make()];
    let isDown = false;
    const { at, read, keys } = watched(async () => {
      if (isDown) throw new Error("down");
      return await Promise.resolve(known.published);
    });
    const verify = async (who: TestReporter) => await keys.verify(who.keyId, await who.sign(BODY), bytes(BODY));
    expect(await verify(known)).toBe("genuine");
    isDown = true;
    at.ms = 3_600_001;
    expect(await verify(known)).toBe("genuine");
    await expect(verify(unknown)).rejects.toThrow("can't be read");
    await expect(verify(unknown)).rejects.toThrow("can't be read");
    expect(read).toHaveBeenCalledTimes(2);
    isDown = false;
    at.ms += 5_001;
    expect(await verify(unknown)).toBe("unknown-key");
  });

  test("is not kept out by a published key of another kind", async () => {
    const reporter = await TestReporter.make();
    const list = { public_keys: [{ key_identifier: "rsa", key: "AAAA" }, ...reporter.published.public_keys] };
    const keys = new ReporterKeys(
      async () => await Promise.resolve(list),
      () => 0,
    );
    expect(await keys.verify(reporter.keyId, await reporter.sign(BODY), bytes(BODY))).toBe("genuine");
  });
});

describe("reporters' keys", () => {
  test("are read from where they are published", async () => {
    const { published } = await TestReporter.make();
    await withOutside(
      () => Response.json(published),
      async (sent) => {
        const settings = { keys: undefined, keysUrl: "https://reporter.example/keys" };
        expect((await loadReporterKeys(settings)).public_keys).toHaveLength(1);
        expect(sent.map(({ url }) => url)).toEqual(["https://reporter.example/keys"]);
      },
    );
  });

  test.each([
    ["an error", () => new Response("", { status: 500 }), "answered 500"],
    ["another form", () => Response.json({ keys: [] }), "public_keys"],
    ["no JSON", () => new Response("<html>"), "not valid JSON"],
  ])("can't be read where the answer is %s", async (_what, answer, message) => {
    const settings = { keys: undefined, keysUrl: "https://reporter.example/keys" };
    await withOutside(answer, async () => {
      await expect(loadReporterKeys(settings)).rejects.toThrow(message);
    });
  });

  test("are the deployment's own where it has any, and nobody's where it has neither", async () => {
    const { published } = await TestReporter.make();
    expect(await loadReporterKeys({ keys: published, keysUrl: "https://reporter.example/keys" })).toBe(published);
    expect(await loadReporterKeys({ keys: undefined, keysUrl: undefined })).toEqual({ public_keys: [] });
  });
});
