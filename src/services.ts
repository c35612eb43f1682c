import { drizzle } from "drizzle-orm/d1";
import type { Change } from "../durable-objects/tenant-cell.ts";
import { type Cells, type WaitUntil, requestAdmission, settleLater } from "./admission/admission.service.ts";
import type { Admission, AdmissionRequest } from "./admission/admission.rules.ts";
import { type Config, parseEnv } from "./env.ts";
import { type Clock, systemClock } from "./shared/clock.ts";
import type { Database } from "./shared/database.ts";
import type { TenantId } from "./shared/ids.ts";
import type { Settlement } from "./usage/ledger.rules.ts";

/** What handlers need of the world outside, built once per request. */
export interface Services {
  readonly config: Config;
  readonly now: Clock;
  readonly db: Database;
  readonly files: R2Bucket;
  readonly loader: WorkerLoader;
  readonly cells: Cells;
  /** One trip to the tenant's cell, joined with its neighbours. */
  readonly admit: (tenantId: TenantId, request: AdmissionRequest) => Promise<Admission>;
  /** Settle after the response. */
  readonly settle: (tenantId: TenantId, settlement: Settlement) => void;
  /** Tell the tenant's cell what changed in D1; when it returns, the change holds. */
  readonly refresh: (tenantId: TenantId, change: Change) => Promise<void>;
}

const databases = new WeakMap<D1Database, Database>();

export function createServices(env: Env, waitUntil: WaitUntil): Services {
  const cells = env.TENANT_CELL;
  return {
    config: parseEnv(env),
    now: systemClock,
    get db() {
      const database = databases.get(env.DB) ?? drizzle(env.DB);
      databases.set(env.DB, database);
      return database;
    },
    files: env.MODELS,
    loader: env.LOADER,
    cells,
    admit: (tenantId, request) => requestAdmission(tenantId, cells, waitUntil, request),
    settle: (tenantId, settlement) => settleLater(tenantId, cells, waitUntil, settlement),
    refresh: async (tenantId, change) => {
      await cells.getByName(tenantId).refresh(change);
    },
  };
}
