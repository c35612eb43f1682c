import type { VersionId } from "../shared/ids.ts";
import { type Figure, type FigureName, LATEST } from "./statistics.rules.ts";

/** What each version has done, in its tenant's cell: one row per figure, at most some 750 a version. */
export const STATISTICS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS version_statistics (
    version_id TEXT NOT NULL,
    figure TEXT NOT NULL,
    detail NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (version_id, figure, detail)
  ) WITHOUT ROWID;
`;

/** Add to the figures of versions, all in one statement. */
export function addFigures(sql: SqlStorage, figures: readonly Figure[]): void {
  if (figures.length === 0) return;
  sql.exec(
    `INSERT INTO version_statistics (version_id, figure, detail, amount)
     SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?) WHERE true
     ON CONFLICT DO UPDATE SET
       amount = CASE figure WHEN '${LATEST}' THEN max(amount, excluded.amount) ELSE amount + excluded.amount END`,
    JSON.stringify(figures.map(({ versionId, name, detail, amount }) => [versionId, name, detail, amount])),
  );
}

/** All figures of these versions, by version. Versions that were never used are left out. */
export function readFigures(sql: SqlStorage, versionIds: readonly VersionId[]): Map<VersionId, Figure[]> {
  const rows = sql.exec<{ version_id: VersionId; figure: FigureName; detail: string | number; amount: number }>(
    `SELECT version_id, figure, detail, amount FROM version_statistics
     WHERE version_id IN (SELECT value FROM json_each(?))`,
    JSON.stringify(versionIds),
  );
  const figures = rows.toArray().map(({ version_id: versionId, figure: name, detail, amount }) => {
    return { versionId, name, detail, amount };
  });
  return Map.groupBy(figures, (figure) => figure.versionId);
}

/** Forget versions that are gone. */
export function deleteFigures(sql: SqlStorage, versionIds: readonly VersionId[]): void {
  sql.exec(
    "DELETE FROM version_statistics WHERE version_id IN (SELECT value FROM json_each(?))",
    JSON.stringify(versionIds),
  );
}
