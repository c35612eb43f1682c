import type { ModelId, VersionId } from "../src/shared/ids.ts";
import { type VersionReport, statisticsOf } from "../src/usage/statistics.rules.ts";
import { readFigures } from "../src/usage/statistics.store.ts";
import type { CellMemory } from "./cell-memory.ts";

/** Inferences of a model that run at this moment, by version. Versions without any are left out. */
export function runningOf({ open }: CellMemory, modelId: ModelId, nowMs: number): Map<VersionId, number> {
  const counts = new Map<VersionId, number>();
  for (const { charged, leaseEndsAtMs } of open.all) {
    if (charged.modelId !== modelId || leaseEndsAtMs <= nowMs) continue;
    counts.set(charged.versionId, (counts.get(charged.versionId) ?? 0) + 1);
  }
  return counts;
}

/** What the versions of all models have done, or of one; undefined when there is none of this name. */
export function reportVersions(sql: SqlStorage, memory: CellMemory, model?: string): VersionReport[] | undefined {
  const asked = [...memory.deploymentsByName.values()].filter(({ name }) => model === undefined || name === model);
  if (model !== undefined && asked.length === 0) return undefined;
  const versionIds = asked.flatMap(({ versions }) => versions.map(({ versionId }) => versionId));
  const figures = readFigures(sql, versionIds);
  return asked.flatMap(({ name, versions }) =>
    versions.map(({ number, versionId }) => {
      return { model: name, number, versionId, statistics: statisticsOf(figures.get(versionId) ?? []) };
    }),
  );
}
