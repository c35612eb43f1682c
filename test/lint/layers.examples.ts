import { type Example, types, values } from "./example.ts";

/** The roles of one feature: routes → service → {rules, store} over tables, and schemas beside them. */
export const layers: readonly Example[] = [
  {
    rule: "Routes import services, stores, rules, schemas and the wire of src/http, but no other feature's routes",
    file: "src/keys/*.routes.ts",
    refused: [...values("../billing/billing.routes.ts"), ...types("../../src/billing/billing.routes.ts")],
    says: "Only src/app.ts mounts another feature's routes",
    allowed: [
      ...values("hono", "@hono/zod-openapi", "../http/problem.ts", "../billing/billing.service.ts", "../shared/ids.ts"),
      ...values("./keys.service.ts", "./keys.store.ts", "./keys.rules.ts", "./keys.schemas.ts", "./scopes.routes.ts"),
    ],
  },
  {
    rule: "A service never imports routes, not even as a type",
    file: "src/keys/*.service.ts",
    refused: [...values("./keys.routes.ts", "../billing/billing.routes.ts"), ...types("./keys.routes.ts")],
    says: "routes stand on top",
    allowed: [
      ...values("./keys.store.ts", "./keys.rules.ts", "./keys.schemas.ts", "../billing/billing.service.ts"),
      ...values("../billing/billing.rules.ts", "../shared/ids.ts", "zod", "cloudflare:workers"),
    ],
  },
  {
    rule: "A service knows no Hono",
    file: "src/keys/*.service.ts",
    refused: [...values("hono", "hono/http-exception", "@hono/zod-openapi"), ...types("hono")],
    says: "A service knows no HTTP",
    allowed: values("./keys.rules.ts"),
  },
  {
    rule: "A service imports from src/http only types",
    file: "src/keys/*.service.ts",
    refused: values("../http/problem.ts"),
    says: "src/http/ stands above services",
    allowed: types("../http/problem.ts"),
  },
  {
    rule: "A file without a role imports no routes either",
    file: "src/keys/*.ts",
    refused: values("./keys.routes.ts"),
    says: "routes stand on top",
    allowed: values("hono", "../http/problem.ts", "./keys.service.ts", "./keys.store.ts"),
  },
  ...["src/keys/*.routes.ts", "src/keys/*.service.ts", "src/keys/*.ts", "src/http/*.ts"].map((file) => ({
    rule: `SQL stays out of ${file}, which imports from tables and from Drizzle only types`,
    file,
    refused: values("../keys/keys.tables.ts", "../billing/billing.tables.ts", "drizzle-orm", "drizzle-orm/d1"),
    says: "SQL lives in *.store.ts",
    allowed: types("../keys/keys.tables.ts", "drizzle-orm/d1"),
  })),
  {
    rule: "Rules import no routes, service or store",
    file: "src/keys/*.rules.ts",
    refused: [...values("./keys.routes.ts", "./keys.service.ts", "./keys.store.ts"), ...types("./keys.store.ts")],
    says: "a rule takes values as arguments; the service fetches them",
    allowed: values("./scopes.rules.ts", "../billing/billing.rules.ts", "../shared/money.ts", "zod"),
  },
  {
    rule: "Rules import no Hono, Drizzle, Stripe, Cloudflare or Node, and nothing from src/http",
    file: "src/keys/*.rules.ts",
    refused: [
      ...values("hono", "@hono/zod-openapi", "drizzle-orm/d1", "stripe", "cloudflare:workers", "node:crypto"),
      ...types("hono", "../http/problem.ts"),
    ],
    says: "Rules are pure",
    allowed: values("../../engine/datatypes.ts"),
  },
  {
    rule: "Rules import schemas and tables only as types",
    file: "src/keys/*.rules.ts",
    refused: values("./keys.schemas.ts", "./keys.tables.ts"),
    says: "neither Hono nor Drizzle comes along",
    allowed: types("./keys.schemas.ts", "./keys.tables.ts"),
  },
  {
    rule: "A store imports no routes, service, Hono or src/http",
    file: "src/keys/*.store.ts",
    refused: [
      ...values("./keys.routes.ts", "./keys.service.ts", "hono", "@hono/zod-openapi", "../http/problem.ts"),
      ...types("./keys.service.ts"),
    ],
    says: "a store takes values, returns rows",
    allowed: values("./keys.tables.ts", "./keys.rules.ts", "./scopes.store.ts", "drizzle-orm", "../shared/ids.ts"),
  },
  {
    rule: "A store imports schemas only as types",
    file: "src/keys/*.store.ts",
    refused: values("./keys.schemas.ts"),
    says: "A store gets parsed values",
    allowed: types("./keys.schemas.ts"),
  },
  {
    rule: "Tables import only drizzle-orm, src/shared and the tables that they refer to",
    file: "src/keys/*.tables.ts",
    refused: [
      ...values("./keys.store.ts", "./keys.schemas.ts", "./names.ts", "zod", "hono", "../../durable-objects/cell.ts"),
      ...types("./keys.service.ts", "../../scripts/check.ts"),
    ],
    says: "Tables import only drizzle-orm",
    allowed: values("drizzle-orm", "drizzle-orm/sqlite-core", "../shared/ids.ts", "../tenants/tenants.tables.ts"),
  },
  {
    rule: "Tables take the types of their columns from rules or the engine, and no values",
    file: "src/keys/*.tables.ts",
    refused: values("./keys.rules.ts", "../../engine/signature.ts"),
    says: "to name a column's values",
    allowed: types("./keys.rules.ts", "../../engine/signature.ts"),
  },
  {
    rule: "Schemas import only zod, src/shared, engine, rules and other schemas",
    file: "src/keys/*.schemas.ts",
    refused: [
      ...values("./keys.store.ts", "./keys.service.ts", "./names.ts", "../http/problem.ts", "hono", "drizzle-orm"),
      ...types("./keys.service.ts", "../../durable-objects/tenant-cell.ts"),
    ],
    says: "Schemas import only zod",
    allowed: [
      ...values("zod", "@hono/zod-openapi", "../shared/ids.ts", "./keys.rules.ts", "../billing/billing.rules.ts"),
      ...values("./scopes.schemas.ts", "../http/contract.schemas.ts", "../../engine/datatypes.ts"),
    ],
  },
  {
    rule: "Schemas import from tables only the types of rows",
    file: "src/keys/*.schemas.ts",
    refused: values("./keys.tables.ts"),
    says: "Schemas import a row's type only",
    allowed: types("./keys.tables.ts"),
  },
];
