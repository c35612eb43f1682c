import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { ROWS_ALONE, ROWS_JOINED, STORED_BYTES_PER_CALL } from "../../bench/scaling/workload.ts";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { deploy } from "../support/models.ts";
import { newTenant } from "../support/tenant.ts";

/** Run something, and add up what this cell's statements write meanwhile: the figure that Cloudflare bills. */
async function rowsWrittenBy(sql: SqlStorage, run: () => Promise<void>): Promise<number> {
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  sql.exec = new Proxy(sql.exec, {
    apply(exec, _this, statement) {
      const cursor: SqlStorageCursor<Record<string, SqlStorageValue>> = Reflect.apply(exec, sql, statement);
      cursors.push(cursor);
      return cursor;
    },
  });
  try {
    await run();
  } finally {
    Reflect.deleteProperty(sql, "exec"); // the one of its prototype is back
  }
  return cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
}

test.each([
  { callsPerTrip: 1, trips: 1024, counted: ROWS_ALONE.written },
  { callsPerTrip: 8, trips: 128, counted: ROWS_JOINED.written },
])("$callsPerTrip calls a trip write and store no more than docs/scaling.md counts", async (scale) => {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  const { rowsPerCall, bytesPerCall } = await runInDurableObject(cellOf(tenant), async (cell, { storage }) => {
    const bytesBefore = storage.sql.databaseSize;
    const rows = await rowsWrittenBy(storage.sql, async () => {
      for (let trip = 0; trip < scale.trips; trip++) {
        const requests = Array.from({ length: scale.callsPerTrip }, () => inferRequest(tenant, "m"));
        const entries = (await cell.admit(requests)).map((answer) => requireAdmitted(answer).entryId);
        const settlements = entries.map((entryId, call) =>
          settlementOf(entryId, { computeMicros: 3_000 + ((call * 7_919) % 4_000), queueMicros: (call * 31) % 500 }),
        );
        await cell.settle(settlements);
      }
    });
    const calls = scale.trips * scale.callsPerTrip;
    return { rowsPerCall: rows / calls, bytesPerCall: (storage.sql.databaseSize - bytesBefore) / calls };
  });
  expect(rowsPerCall).toBeLessThanOrEqual(scale.counted);
  expect(rowsPerCall).toBeGreaterThan(scale.counted / 2); // so much less that the document should say it
  expect(bytesPerCall).toBeLessThan(1.1 * STORED_BYTES_PER_CALL);
});
