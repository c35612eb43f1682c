import { describe, expect, test } from "vitest";
import { readArguments } from "../../../scripts/bootstrap/options.ts";

const email = ["--email", "ada@example.com"];

describe("the command line of the bootstrap", () => {
  test("needs an address alone, and means this machine", () => {
    expect(readArguments(["--email", " Ada@Example.com "], {})).toEqual({
      kind: "run",
      options: {
        email: "ada@example.com",
        name: "Operator",
        place: { kind: "local", state: ".wrangler/state" },
        origin: "http://127.0.0.1:8787",
        force: false,
        dryRun: false,
      },
    });
    expect(readArguments(email, { PORT: "9000" })).toMatchObject({ options: { origin: "http://127.0.0.1:9000" } });
  });

  test("means the deployment with --remote, and then must say where it is reached", () => {
    const remote = [...email, "--remote"];
    const read = readArguments([...remote, "--origin", "https://api.example.com/"], {});
    expect(read).toMatchObject({ options: { place: { kind: "remote" }, origin: "https://api.example.com" } });
    expect(readArguments(remote, {})).toMatchObject({ kind: "invalid", reason: expect.stringContaining("--origin") });
  });

  test.each([
    [[], "--email"],
    [["--email", "ada"], "--email"],
    [["--email", "ada@example.com,eve@example.com"], "--email"],
    [["--email", "Ada <ada@example.com>"], "--email"],
    [[...email, "--name", " "], "--name"],
    [[...email, "--name", "a\u001b[31m"], "--name"],
    [[...email, "--origin", "example.com"], "--origin"],
    [[...email, "--origin", "https://example.com/path"], "--origin"],
    [[...email, "--remote", "--origin", "http://example.com"], "--origin"],
    [[...email, "--remote", "--state", "x", "--origin", "https://example.com"], "--state"],
    [[...email, "--password", "x"], "--password"],
    [[...email, "extra"], "extra"],
  ])("refuses %j and names what is wrong", (args, name) => {
    expect(readArguments(args, {})).toMatchObject({ kind: "invalid", reason: expect.stringContaining(name) });
  });
});
