import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { callApi, requireSuccess, succeed, uploadFile } from "./api.ts";
import { bar, bytes, done, progress, say } from "./screen.ts";

const MODEL = "iris";
const MODEL_FILE = "examples/iris/iris.onnx";
const CLASSES = ["setosa", "versicolor", "virginica"];
const FLOWER = [5.1, 3.5, 1.4, 0.2] as const;

/** What quickstart.json holds, so that scripts can go on from there. */
export const quickstartSchema = z.object({
  baseUrl: z.string(),
  tenantId: z.string(),
  apiKey: z.string(),
  adminToken: z.string(),
  model: z.string(),
});
export type Quickstart = z.infer<typeof quickstartSchema>;

/** The way of a new user: a tenant, a key, a model, a prediction, and what was counted. Repeatable. */
export async function runQuickstart(baseUrl: string, adminToken: string, devDirectory: string): Promise<Quickstart> {
  const file = join(devDirectory, "quickstart.json");
  const quickstart = (await findEarlier(file, baseUrl, adminToken)) ?? (await signUp(baseUrl, adminToken));
  await writeFile(file, `${JSON.stringify(quickstart, undefined, 2)}\n`, { mode: 0o600 });
  done(`API key written to ${file}`);
  await ensureModel(quickstart);
  await predict(quickstart);
  return quickstart;
}

/** The tenant and key of an earlier start, if they still work. */
async function findEarlier(file: string, baseUrl: string, adminToken: string): Promise<Quickstart | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  const earlier = text === undefined ? undefined : quickstartSchema.safeParse(parseJson(text)).data;
  if (!earlier) return undefined;
  const { status } = await callApi(`${baseUrl}/v1/models`, { token: earlier.apiKey });
  if (status !== 200) return undefined;
  done(`tenant ${earlier.tenantId} found, from an earlier start`);
  return { ...earlier, baseUrl, adminToken };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function signUp(baseUrl: string, adminToken: string): Promise<Quickstart> {
  const tenant = z
    .object({ id: z.string() })
    .parse(
      await succeed(`${baseUrl}/admin/tenants`, { method: "POST", token: adminToken, json: { name: "Development" } }),
    );
  done(`tenant ${tenant.id} made`);
  const scopes = ["models:write", "models:read", "models:infer", "usage:read", "keys:read", "keys:write"];
  const { key } = z.object({ key: z.string() }).parse(
    await succeed(`${baseUrl}/admin/tenants/${tenant.id}/keys`, {
      method: "POST",
      token: adminToken,
      json: { name: "Quickstart", mode: "test", scopes },
    }),
  );
  return { baseUrl, tenantId: tenant.id, apiKey: key, adminToken, model: MODEL };
}

const versionSchema = z.object({ version: z.number(), sha256: z.string() });

async function ensureModel({ baseUrl, apiKey: token }: Quickstart): Promise<void> {
  const file = await readFile(MODEL_FILE);
  const sha256 = createHash("sha256").update(file).digest("hex");
  const found = await callApi(`${baseUrl}/v1/models/${MODEL}`, { token });
  if (found.status === 404) {
    const json = { name: MODEL, description: "Fisher's iris, three species" };
    await succeed(`${baseUrl}/v1/models`, { method: "POST", token, json });
  }
  const known = z.object({ versions: z.array(versionSchema) }).safeParse(found.body).data?.versions ?? [];
  const same = known.find((version) => version.sha256 === sha256);
  if (same) {
    done(`model ${MODEL} found, version ${same.version}`);
    return;
  }
  const url = `${baseUrl}/v1/models/${MODEL}/versions`;
  const answer = await uploadFile(url, token, file, (sent) => {
    progress(`uploading ${MODEL_FILE}`, sent, file.byteLength);
  });
  const uploaded = versionSchema.parse(requireSuccess(url, answer));
  done(`model ${MODEL} uploaded: version ${uploaded.version}, ${bytes(file.byteLength)}`);
}

const predictionSchema = z.object({
  model_version: z.string(),
  outputs: z.array(z.object({ name: z.string(), data: z.array(z.number()) })),
});

async function predict(quickstart: Quickstart): Promise<void> {
  const { baseUrl, apiKey: token } = quickstart;
  const before = await readUsage(quickstart);
  const json = { inputs: [{ name: "measurements", shape: [1, 4], datatype: "FP32", data: FLOWER }] };
  const answer = predictionSchema.parse(
    await succeed(`${baseUrl}/v2/models/${MODEL}/infer`, { method: "POST", token, json }),
  );
  const probabilities = answer.outputs.find((output) => output.name === "probabilities")?.data ?? [];
  done(`prediction made by version ${answer.model_version}`);
  const [sepalLength, sepalWidth, petalLength, petalWidth] = FLOWER;
  say(
    `\n  A flower with sepals of ${sepalLength} × ${sepalWidth} cm and petals of ${petalLength} × ${petalWidth} cm is`,
  );
  for (const [index, name] of CLASSES.entries()) say(`    ${bar(name, probabilities[index] ?? 0)}`);
  const used = await readUsage(quickstart, before.compute_ms);
  say(
    `\n  Counted in the last 24 hours: ${used.inferences} inference${used.inferences === 1 ? "" : "s"}, ${used.compute_ms} ms of compute, ` +
      `${bytes(used.bytes_in)} in, ${bytes(used.bytes_out)} out.`,
  );
}

const usageSchema = z.object({
  total: z.object({ inferences: z.number(), compute_ms: z.number(), bytes_in: z.number(), bytes_out: z.number() }),
});

/** The usage of the last day; the call is counted at once, its compute time a moment after its answer. */
async function readUsage({ baseUrl, apiKey: token }: Quickstart, knownComputeMs?: number) {
  for (let attempt = 0; ; attempt += 1) {
    const { total } = usageSchema.parse(await succeed(`${baseUrl}/v1/usage`, { token }));
    if (knownComputeMs === undefined || total.compute_ms > knownComputeMs || attempt === 20) return total;
    await pause(50);
  }
}
