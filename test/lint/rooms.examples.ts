import { type Example, types, values } from "./example.ts";

const FEATURE_FILES = ["routes.ts", "service.ts", "rules.ts", "store.ts", "ts"].map((ending) => `src/keys/*.${ending}`);
const ROOMS_OF_SOURCE = [
  "src/*.ts",
  "src/index.ts",
  "src/http/*.ts",
  "src/shared/*.ts",
  ...FEATURE_FILES,
  "durable-objects/*.ts",
  "durable-objects/*.rules.ts",
  "engine/*.ts",
  "container/*.ts",
];

/** The rooms of the house, and features beside each other. */
export const rooms: readonly Example[] = [
  ...["routes.ts", "service.ts", "store.ts", "ts"].map((ending) => ({
    rule: `*.${ending} never imports another feature's store`,
    file: `src/keys/*.${ending}`,
    refused: [
      ...values("../billing/billing.store.ts", "../../src/billing/billing.store.ts"),
      ...types("../billing/billing.store.ts"),
    ],
    says: "A store belongs to its feature",
    allowed: values("./keys.store.ts"),
  })),
  {
    rule: "A store may import another feature's tables",
    file: "src/keys/*.store.ts",
    refused: values("../billing/billing.store.ts"),
    says: "A store belongs to its feature",
    allowed: values("../billing/billing.tables.ts"),
  },
  {
    rule: "src/services.ts and its neighbours at the top may import every feature's stores",
    file: "src/*.ts",
    refused: values("../durable-objects/tenant-cell.ts"),
    says: "Only src/index.ts imports a Durable Object's class",
    allowed: values("./keys/keys.store.ts", "./billing/billing.service.ts", "./billing/billing.routes.ts", "hono"),
  },
  {
    rule: "src/index.ts alone imports the classes of durable-objects",
    file: "src/index.ts",
    refused: values("../scripts/check.ts"),
    says: "What ships to Workers imports nothing from scripts/",
    allowed: values("../durable-objects/tenant-cell.ts", "./app.ts"),
  },
  {
    rule: "src/shared imports nothing of ours outside itself",
    file: "src/shared/*.ts",
    refused: [
      ...values("../env.ts", "../keys/keys.rules.ts", "../../engine/tensor.ts"),
      ...types("../http/problem.ts"),
    ],
    says: "src/shared/ stands below everything of ours",
    allowed: values("./ids.ts", "zod"),
  },
  {
    rule: "src/shared runs no framework",
    file: "src/shared/*.ts",
    refused: values("hono", "@hono/zod-openapi", "drizzle-orm", "stripe", "cloudflare:workers"),
    says: "src/shared/ runs no framework",
    allowed: types("drizzle-orm/d1"),
  },
  {
    rule: "src/http imports no feature's routes, service or store",
    file: "src/http/*.ts",
    refused: [
      ...values("../keys/keys.routes.ts", "../keys/keys.service.ts", "../keys/keys.store.ts"),
      ...types("../keys/keys.service.ts"),
    ],
    says: "src/http/ knows no feature's",
    allowed: values("hono", "../keys/keys.rules.ts", "../keys/keys.schemas.ts", "../shared/ids.ts", "./problem.ts"),
  },
  {
    rule: "Rules of src/http are pure too",
    file: "src/http/*.rules.ts",
    refused: values("hono"),
    says: "Rules are pure",
    allowed: values("../keys/keys.rules.ts"),
  },
  {
    rule: "A Durable Object imports no Hono, src/http, routes, service or schemas",
    file: "durable-objects/*.ts",
    refused: [
      ...values("hono", "@hono/zod-openapi", "../src/http/problem.ts", "../src/keys/keys.routes.ts"),
      ...values("../src/keys/keys.service.ts", "../src/keys/keys.schemas.ts"),
      ...types("../src/http/problem.ts", "../src/keys/keys.schemas.ts"),
    ],
    says: "A Durable Object is called by RPC",
    allowed: [
      ...values("../src/keys/keys.rules.ts", "../src/keys/keys.store.ts", "../src/keys/keys.tables.ts"),
      ...values("../src/shared/ids.ts", "./ledger.ts", "../engine/tensor.ts", "cloudflare:workers", "drizzle-orm"),
    ],
  },
  {
    rule: "A Durable Object imports from the rest of src only types",
    file: "durable-objects/*.ts",
    refused: values("../src/env.ts", "../src/keys/names.ts"),
    says: "A Durable Object imports rules, stores, tables and src/shared/",
    allowed: types("../src/keys/names.ts"),
  },
  {
    rule: "Rules of durable-objects are pure too",
    file: "durable-objects/*.rules.ts",
    refused: values("cloudflare:workers"),
    says: "Rules are pure",
    allowed: values("../src/keys/keys.rules.ts"),
  },
  {
    rule: "Rules of durable-objects import no store either",
    file: "durable-objects/*.rules.ts",
    refused: values("../src/keys/keys.store.ts", "./ledger.store.ts"),
    says: "a rule takes values as arguments; the service fetches them",
    allowed: values("../src/shared/ids.ts"),
  },
  {
    rule: "Rules of durable-objects import schemas only as types",
    file: "durable-objects/*.rules.ts",
    refused: values("../src/keys/keys.schemas.ts"),
    says: "neither Hono nor Drizzle comes along",
    allowed: types("../src/keys/keys.schemas.ts"),
  },
  {
    rule: "Rules of durable-objects import from the rest of src only types",
    file: "durable-objects/*.rules.ts",
    refused: values("../src/env.ts"),
    says: "A Durable Object imports rules, stores, tables and src/shared/",
    allowed: types("../src/env.ts"),
  },
  {
    rule: "container imports nothing of ours but engine",
    file: "container/*.ts",
    refused: [
      ...values("../src/shared/ids.ts", "../durable-objects/tenant-cell.ts", "../scripts/check.ts"),
      ...types("../src/models/models.rules.ts"),
    ],
    says: "container/ is an image of its own",
    allowed: values("../engine/inference.ts", "./models.ts", "./pool/room.ts", "hono", "node:fs", "onnxruntime-node"),
  },
  {
    rule: "engine imports nothing from src, durable-objects, Cloudflare, Hono, Drizzle, Stripe or Node",
    file: "engine/*.ts",
    refused: [
      ...values("../src/shared/ids.ts", "../durable-objects/tenant-cell.ts", "cloudflare:workers", "hono"),
      ...values("@hono/zod-openapi", "drizzle-orm", "stripe", "node:fs", "../scripts/check.ts"),
      ...types("../src/shared/ids.ts", "hono"),
    ],
    says: "engine/ runs sealed",
    allowed: values("./tensor.ts", "onnxruntime-web"),
  },
  ...["src/http/*.ts", ...FEATURE_FILES].map((file) => ({
    rule: `Only src/index.ts imports durable-objects: ${file} takes their types`,
    file,
    refused: values("../../durable-objects/tenant-cell.ts"),
    says: "Only src/index.ts imports a Durable Object's class",
    allowed: types("../../durable-objects/tenant-cell.ts"),
  })),
  ...["src/*.ts", "src/http/*.ts", ...FEATURE_FILES, "durable-objects/*.ts", "durable-objects/*.rules.ts"].map(
    (file) => ({
      rule: `${file} imports nothing from scripts, bench, examples or test`,
      file,
      refused: ["scripts", "bench", "examples", "test"].flatMap((outer) => {
        const specifier = `${"../".repeat(file.split("/").length - 1)}${outer}/support/build.ts`;
        return [...values(specifier), ...types(specifier)];
      }),
      says: "What ships to Workers imports nothing from scripts/",
      allowed: values("./test-clock.ts"),
    }),
  ),
  ...ROOMS_OF_SOURCE.map((file) => ({
    rule: `There are no barrel files: ${file} imports no index.ts`,
    file,
    refused: values("./tensors/index.ts", "./shapes/index.ts"),
    says: "No barrel files",
    allowed: values("./reindex.ts", "./tensors/tensors.ts"),
  })),
];
