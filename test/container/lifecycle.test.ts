import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CONTAINER_HEADERS } from "../../engine/contract.ts";
import { childrenOf, isAlive } from "../support/processes.ts";
import { ENDLESS_TURNS, loopModel, loopRequest, reluModel, reluRequest } from "./models.ts";
import { startServer, until } from "./server.ts";

const SERVER = join(import.meta.dirname, "../../container/server.ts");

const endless = (limitMs: number): RequestInit => ({ headers: { [CONTAINER_HEADERS.runLimitMs]: String(limitMs) } });

describe.skipIf(process.platform !== "linux")("by what Linux tells of processes,", () => {
  test("a server that is killed leaves no process behind, not even one in an endless run", async () => {
    const server = await startServer();
    const source = server.origin.publish(loopModel());
    await server.infer("ver_loop", source, loopRequest(1));
    await server.infer("ver_relu", server.origin.publish(reluModel()), reluRequest(1));
    const running = server.infer("ver_loop", source, loopRequest(ENDLESS_TURNS), endless(60_000));
    running.catch(() => undefined);
    await until(async () => (await metric(server, "busy_processes")) === 1);
    const children = childrenOf(server.pid);
    expect(children.length).toBeGreaterThanOrEqual(2);
    process.kill(server.pid, "SIGKILL");
    await expect(running).rejects.toThrow("fetch failed");
    await until(() => !children.some(isAlive));
    await server.origin.close();
  });

  test("a server whose parent is gone ends, and its processes with it", async () => {
    const program = `
    import { startContainer } from "${join(import.meta.dirname, "../../container/start.ts")}";
    const { pid } = await startContainer({ modelOrigin: "http://127.0.0.1:1" });
    console.log(pid);
    setInterval(() => undefined, 1000);
  `;
    const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await until(() => !isAlive(pid));
  });

  test("a server that is told to end answers what it has begun, refuses what is new, and ends with 0", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tensorgate-test-"));
    const server = await startServer({ MODEL_CACHE_DIRECTORY: directory });
    const source = server.origin.publish(loopModel());
    await server.infer("ver_drain", source, loopRequest(1));
    const running = server.infer("ver_drain", source, loopRequest(ENDLESS_TURNS), endless(1500));
    await until(async () => (await metric(server, "busy_processes")) === 1);
    const stopped = server.stop();
    await until(async () => (await fetch(`${server.url}/v2/health/ready`)).status === 503);
    const refused = await server.infer("ver_drain", source, loopRequest(1));
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await running).status).toBe(504);
    expect(await stopped).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
    await server.origin.close();
  });

  test("worker processes have no token in their environment, and stand in an empty directory", async () => {
    const server = await startServer();
    await server.infer("ver_bare", server.origin.publish(reluModel()), reluRequest(1));
    const [child = 0] = childrenOf(server.pid);
    const variables = readFileSync(`/proc/${child}/environ`, "latin1").split("\0");
    expect(variables.filter((variable) => !variable.startsWith("LOCPATH="))).toEqual(["ORT_DISABLE_TELEMETRY=1", ""]);
    expect(readdirSync(`/proc/${child}/cwd`)).toEqual([]);
    expect(readFileSync(`/proc/${child}/oom_score_adj`, "latin1").trim()).toBe("1000");
    await server.end();
  });

  test("worker processes open no file of ONNX Runtime's telemetry, which would tell Microsoft of the tenants' models", async () => {
    const server = await startServer();
    await server.infer("ver_silent", server.origin.publish(reluModel()), reluRequest(1));
    const [child = 0] = childrenOf(server.pid);
    const open = readdirSync(`/proc/${child}/fd`).map((fd) => readlinkSync(`/proc/${child}/fd/${fd}`));
    expect(open.filter((target) => target.includes("onnxruntime.db"))).toEqual([]);
    await server.end();
  });
});

test("health needs no token; live and ready say so", async () => {
  const server = await startServer();
  for (const path of ["live", "ready"]) {
    const response = await fetch(`${server.url}/v2/health/${path}`);
    expect(response.status).toBe(200);
  }
  await server.end();
});

test.each([
  ["no token", { CONTAINER_TOKEN: "" }, "CONTAINER_TOKEN: must have 32 characters or more"],
  ["a short token", { CONTAINER_TOKEN: "x".repeat(31) }, "CONTAINER_TOKEN: must have 32 characters or more"],
  ["no origin", { MODEL_ORIGIN: undefined }, "MODEL_ORIGIN: must name the Worker's origin"],
  ["an origin with a path", { MODEL_ORIGIN: "https://a.example/x" }, "MODEL_ORIGIN: must hold origins alone"],
  ["a port that is none", { PORT: "70000" }, "PORT: "],
])("a server with %s does not start and says why", async (_, environment, message) => {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", SERVER], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { CONTAINER_TOKEN: "x".repeat(32), MODEL_ORIGIN: "http://127.0.0.1:1", PORT: "0", ...environment },
  });
  const said: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(1);
  expect(Buffer.concat(said).toString()).toContain(message);
});

async function metric(server: { url: string; token: string }, name: string): Promise<number> {
  const response = await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${server.token}` } });
  return Number(new RegExp(`_${name} (\\d+)`).exec(await response.text())?.[1]);
}
