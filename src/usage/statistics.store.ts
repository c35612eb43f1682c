import type { VersionId } from "../shared/ids.ts";
import { type Figure, type FigureName, LATEST } from "./statistics.rules.ts";

/**
 * What each version has done, in its tenant's cell: one row each, with at most some 750 figures as one JSON document, because rows
 * written are what a cell costs.
 */
export const STATISTICS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS version_figures (
    version_id TEXT PRIMARY KEY,
    figures TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/** A row's document: amounts by name and detail. */
export type Amounts = Partial<Record<FigureName, Record<string, number>>>;

/**
 * Add to the figures of versions, one row each.
 *
 * @param known  the rows' documents, as far as they were read before; to be dropped where the transaction fails
 */
export function addFigures(sql: SqlStorage, known: Map<VersionId, Amounts>, figures: readonly Figure[]): void {
  if (figures.length === 0) return;
  const byVersion = Map.groupBy(figures, ({ versionId }) => versionId);
  const unread = [...byVersion.keys()].filter((versionId) => !known.has(versionId));
  if (unread.length > 0) for (const [versionId, amounts] of readAmounts(sql, unread)) known.set(versionId, amounts);
  const rows = Array.from(byVersion, ([versionId, added]) => {
    const amounts = addAmounts(known.get(versionId) ?? {}, added);
    known.set(versionId, amounts);
    return [versionId, amounts];
  });
  sql.exec(
    `INSERT OR REPLACE INTO version_figures (version_id, figures) SELECT value->>0, value->1 FROM json_each(?)`,
    JSON.stringify(rows),
  );
}

function addAmounts(amounts: Amounts, added: readonly Figure[]): Amounts {
  for (const { name, detail, amount } of added) {
    const details = amounts[name] ?? {};
    const before = details[detail] ?? 0;
    details[detail] = name === LATEST ? Math.max(before, amount) : before + amount;
    amounts[name] = details;
  }
  return amounts;
}

/** All figures of these versions, by version. Versions that were never used are left out. */
export function readFigures(sql: SqlStorage, versionIds: readonly VersionId[]): Map<VersionId, Figure[]> {
  const figures = new Map<VersionId, Figure[]>();
  for (const [versionId, amounts] of readAmounts(sql, versionIds)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- addFigures wrote these names
    const names = Object.keys(amounts) as FigureName[];
    figures.set(
      versionId,
      names.flatMap((name) =>
        Object.entries(amounts[name] ?? {}).map(([detail, amount]) => ({ versionId, name, detail, amount })),
      ),
    );
  }
  return figures;
}

/** Forget versions that are gone. */
export function deleteFigures(sql: SqlStorage, versionIds: readonly VersionId[]): void {
  sql.exec(
    "DELETE FROM version_figures WHERE version_id IN (SELECT value FROM json_each(?))",
    JSON.stringify(versionIds),
  );
}

function readAmounts(sql: SqlStorage, versionIds: readonly VersionId[]): Map<VersionId, Amounts> {
  const rows = sql.exec<{ version_id: VersionId; figures: string }>(
    "SELECT version_id, figures FROM version_figures WHERE version_id IN (SELECT value FROM json_each(?))",
    JSON.stringify(versionIds),
  );
  // oxlint-disable-next-line typescript/no-unsafe-return -- addFigures wrote the rows with this very type
  return new Map(rows.toArray().map((row): [VersionId, Amounts] => [row.version_id, JSON.parse(row.figures)]));
}
