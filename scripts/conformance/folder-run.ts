/** One case folder against the server: create its model, upload it, infer every vector, delete it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { encodeBinaryRequest } from "./binary.ts";
import { encodeRequest, readCase } from "./cases.ts";
import { type Answer, refusalReason, send, type Target } from "./client.ts";
import { compareResponse } from "./compare.ts";
import { faultMessage } from "./fault.ts";
import { type CaseFolder, vectorName } from "./folders.ts";
import type { Form, Runtime } from "./forms.ts";

/** What became of one vector in one form; a reason is there exactly where it failed, an excuse where that was known. */
export interface VectorResult {
  readonly suite: string;
  readonly case: string;
  readonly vector: string;
  readonly form: Form;
  readonly runtime: Runtime;
  readonly reason?: string;
  readonly excuse?: string;
}

/** `modelName` is unique within the tenant; `interrupt` ends the folder early. */
export interface FolderRun {
  readonly target: Target;
  readonly folder: CaseFolder;
  readonly modelName: string;
  readonly interrupt?: AbortSignal | undefined;
  /** Infer each vector in each of these forms. */
  readonly forms: readonly Form[];
  /** Where the server is asked to run the model; undefined asks nothing. */
  readonly runtime?: Runtime | undefined;
}

async function createModel(run: FolderRun): Promise<Answer> {
  const body = JSON.stringify({ name: run.modelName, description: `Conformance case ${run.folder.name}` });
  const { target, interrupt } = run;
  return await send(target, { method: "POST", path: "/v1/models", body, contentType: "application/json", interrupt });
}

/** Upload the ONNX bytes alone, or as multipart/form-data with a field `data:<file>` per external-data file. */
async function uploadVersion({ target, folder, modelName, runtime, interrupt }: FolderRun): Promise<Answer> {
  const query = runtime === undefined ? "" : `?runtime=${runtime}`;
  const path = `/v1/models/${modelName}/versions${query}`;
  const model = await readFile(join(folder.directory, "model.onnx"));
  if (folder.externalFiles.length === 0) {
    const contentType = "application/octet-stream";
    return await send(target, { method: "POST", path, body: model, contentType, interrupt });
  }
  const form = new FormData();
  form.set("model", new Blob([model]), "model.onnx");
  for (const file of folder.externalFiles) {
    form.set(`data:${file}`, new Blob([await readFile(join(folder.directory, file))]), file);
  }
  return await send(target, { method: "POST", path, body: form, interrupt });
}

/** A vector of a run, in one form. */
interface Attempt {
  readonly file: string;
  readonly form: Form;
}

function attemptsOf({ folder, forms }: FolderRun): Attempt[] {
  return folder.caseFiles.flatMap((file) => forms.map((form) => ({ file, form })));
}

function resultOf({ folder, runtime = "auto" }: FolderRun, { file, form }: Attempt, reason?: string): VectorResult {
  const result = { suite: folder.suite, case: folder.name, vector: vectorName(file), form, runtime };
  return reason === undefined ? result : { ...result, reason };
}

/** Infer one vector; gives why it failed, or undefined. */
async function inferVector(run: FolderRun, { file, form }: Attempt): Promise<string | undefined> {
  const { target, folder, modelName, interrupt } = run;
  const reading = readCase(join(folder.directory, file));
  if (reading.kind === "unreadable") return reading.reason;
  const id = `${modelName}-${vectorName(file)}`;
  const path = `/v2/models/${modelName}/infer`;
  const request =
    form === "binary"
      ? { ...encodeBinaryRequest(id, reading.case), contentType: "application/octet-stream" }
      : { body: encodeRequest(id, reading.case), contentType: "application/json" };
  const answer = await send(target, { method: "POST", path, ...request, interrupt, abortable: true });
  const refusal = refusalReason(answer, 200);
  if (refusal !== undefined) return `inference: ${refusal}`;
  return answer.kind === "answered" ? compareResponse(reading.case, { modelName, id }, answer) : undefined;
}

async function inferAll(run: FolderRun): Promise<VectorResult[]> {
  const results: VectorResult[] = [];
  for (const attempt of attemptsOf(run)) {
    const reason = await inferVector(run, attempt);
    // What the interrupt cut short neither passed nor failed.
    if (run.interrupt?.aborted === true) break;
    results.push(resultOf(run, attempt, reason));
  }
  return results;
}

function failAll(run: FolderRun, reason: string): VectorResult[] {
  if (run.interrupt?.aborted === true) return [];
  return attemptsOf(run).map((attempt) => resultOf(run, attempt, reason));
}

async function uploadAndInfer(run: FolderRun): Promise<VectorResult[]> {
  const refusal = refusalReason(await uploadVersion(run), 201);
  return refusal === undefined ? await inferAll(run) : failAll(run, `uploading the version: ${refusal}`);
}

/** A model that cannot be deleted fails its last vector, so that the count still is one of vectors. */
function withDeletion(results: readonly VectorResult[], refusal: string | undefined): readonly VectorResult[] {
  const last = results.at(-1);
  if (refusal === undefined || last === undefined || last.reason !== undefined) return results;
  return [...results.slice(0, -1), { ...last, reason: `deleting the model: ${refusal}` }];
}

/**
 * Run all vectors of a folder and leave nothing behind on the server.
 *
 * Creating and uploading are not aborted by the interrupt: the model must be there before it can be deleted.
 *
 * @returns  one result per vector and form; fewer where it was interrupted
 */
export async function runFolder(run: FolderRun): Promise<readonly VectorResult[]> {
  const notCreated = refusalReason(await createModel(run), 201);
  const fault = (error: unknown): VectorResult[] => failAll(run, faultMessage(error));
  const results =
    notCreated === undefined
      ? await uploadAndInfer(run).catch(fault)
      : failAll(run, `creating the model: ${notCreated}`);
  // Also where creating seemed to fail: an answer that was lost may hide a model that exists.
  const deletion = await send(run.target, { method: "DELETE", path: `/v1/models/${run.modelName}` });
  return withDeletion(results, notCreated === undefined ? refusalReason(deletion, 204) : undefined);
}
