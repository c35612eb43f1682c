import type { OxlintOverride } from "oxlint";

/** One forbidden kind of import. `message` says what to do instead; it is shown as the diagnostic's help. */
interface Boundary {
  /** Rust regex over the specifier as written. It has no look-around: oxlint drops a pattern it can't compile. */
  readonly regex?: string;
  /** Gitignore globs over the specifier; `!` allows again. For roles that may import a closed list; one per list. */
  readonly group?: string[];
  readonly message: string;
  /** `import type` and `export type … from` pass. */
  readonly allowTypeImports?: boolean;
}

/** A package of one of these names, any of its subpaths, or a built-in module of that scheme (`node:fs`). */
const packages = (...names: readonly string[]): string => `^(${names.join("|")})([/:]|$)`;
/** A file of one of these roles, wherever it lies. */
const role = (...roles: readonly string[]): string => String.raw`\.(${roles.join("|")})(\.ts)?$`;
/** A file of one of these roles in a folder beside the importing file's own. */
const foreign = (...roles: readonly string[]): string =>
  String.raw`^(\./)?(\.\./)+[^./][^/]*/(.*/)?[^/]+${role(...roles)}`;
/** Anything in one of these rooms, which stand beside a folder that the importing file lies in. */
const room = (...rooms: readonly string[]): string => String.raw`^(\./)?(\.\./)+(${rooms.join("|")})(/|$)`;

/** Takes a glob out of the group that it stands in. */
const allowed = (glob: string): string => `!${glob}`;

const HONO = ["hono", "@hono/[^/]+"] as const;
const OUTER_ROOMS = ["scripts", "bench", "examples", "test", "container", "dashboard"] as const;

const noOuterRoom: Boundary = {
  regex: room(...OUTER_ROOMS),
  message: `What ships to Workers imports nothing from ${OUTER_ROOMS.join("/, ")}/: move what both need to src/shared/ or engine/.`,
};
const noBarrel: Boundary = {
  regex: String.raw`^\.{1,2}(/.*)?/index(\.ts)?$|^\.{1,2}/?$`,
  message: "No barrel files: import the file that declares the name.",
};
const cellsByType: Boundary = {
  regex: room("durable-objects"),
  allowTypeImports: true,
  message: "Only src/index.ts imports a Durable Object's class: use `import type` and call it through its binding.",
};
const noForeignStore: Boundary = {
  regex: foreign("store"),
  message:
    "A store belongs to its feature: call that feature's service, or import its *.tables.ts from your own store.",
};
const noRoutes: Boundary = {
  regex: role("routes"),
  message: "Imports go down only, and routes stand on top: move what you need to a service or to rules.",
};
const noForeignRoutes: Boundary = {
  regex: foreign("routes"),
  message: "Only src/app.ts mounts another feature's routes: call that feature's service.",
};
const sqlInStores: Boundary = {
  regex: `${role("tables")}|${packages("drizzle-orm")}`,
  allowTypeImports: true,
  message: "SQL lives in *.store.ts: add a function there; a row's type comes by `import type`.",
};
const serviceKnowsNoHttp: Boundary = {
  regex: packages(...HONO),
  message: "A service knows no HTTP: return a tagged union and let the route answer.",
};
const wireByType: Boundary = {
  regex: room("http", "src/http"),
  allowTypeImports: true,
  message: "src/http/ stands above services: return a tagged union and let the route answer; a type may be imported.",
};
const rulesArePure: Boundary = {
  regex: `${packages(...HONO, "drizzle-orm", "stripe", "cloudflare", "node")}|${room("http", "src/http")}`,
  message: "Rules are pure, so that they run in the Worker, in the cell and in a test: take the value as an argument.",
};
const rulesStandBelow: Boundary = {
  regex: role("routes", "service", "store"),
  message: "Imports go down only: a rule takes values as arguments; the service fetches them.",
};
const rulesSeeShapes: Boundary = {
  regex: role("schemas", "tables"),
  allowTypeImports: true,
  message: "Rules import schemas and tables as types only, so that neither Hono nor Drizzle comes along.",
};
const storeStandsBelow: Boundary = {
  regex: `${role("routes", "service")}|${packages(...HONO)}|${room("http", "src/http")}`,
  message: "Imports go down only: a store takes values, returns rows, and knows neither HTTP nor who calls it.",
};
const schemasByType: Boundary = {
  regex: role("schemas"),
  allowTypeImports: true,
  message: "A store gets parsed values: import a schema's type, and parse in the route.",
};
const tablesOnly: Boundary = {
  group: [
    "*",
    ...["drizzle-orm", "drizzle-orm/**", "../shared/**", "**/*.tables.ts"].map(allowed),
    ...["**/*.rules.ts", "../../engine/**"].map(allowed), // columnTypes
  ],
  message: "Tables import only drizzle-orm, src/shared/ and the tables they refer to: move the rest to the store.",
};
const columnTypes: Boundary = {
  regex: `${role("rules")}|${room("engine")}`,
  allowTypeImports: true,
  message: "Tables import rules and engine/ as types only, to name a column's values with $type<>.",
};
const schemasOnly: Boundary = {
  group: [
    "*",
    ...["zod", "zod/**", "@hono/zod-openapi", "../shared/**", "../../engine/**"].map(allowed),
    ...["**/*.rules.ts", "**/*.schemas.ts"].map(allowed),
    ...["**/*.tables.ts"].map(allowed), // rowTypes
  ],
  message:
    "Schemas import only zod (or @hono/zod-openapi), src/shared/, engine/, rules and schemas: share a piece as *.schemas.ts.",
};
const rowTypes: Boundary = {
  regex: role("tables"),
  allowTypeImports: true,
  message: "Schemas import a row's type only: what the wire says is stated here, not derived from SQL.",
};
const sharedStandsAlone: Boundary = {
  regex: String.raw`^(\./)?\.\.(/|$)`,
  message: "src/shared/ stands below everything of ours: move this file to the feature that it knows.",
};
const sharedIsPlain: Boundary = {
  regex: packages(...HONO, "drizzle-orm", "stripe", "cloudflare"),
  allowTypeImports: true,
  message: "src/shared/ runs no framework: move this file to the feature that needs it; a type may be imported.",
};
const wireIsGeneric: Boundary = {
  regex: foreign("routes", "service", "store"),
  message: "src/http/ knows no feature's routes, service or store: take a function, or move this to the feature.",
};
const cellsKnowNoHttp: Boundary = {
  regex: `${packages(...HONO)}|${room("src/http")}|${role("routes", "service", "schemas")}`,
  message:
    "A Durable Object is called by RPC and knows no HTTP: share the policy as *.rules.ts, the SQL as *.store.ts.",
};
const cellsOnly: Boundary = {
  group: [
    "**/src/**",
    ...["**/src/shared/**", "**/*.rules.ts", "**/*.store.ts", "**/*.tables.ts"].map(allowed),
    ...["**/src/http/**", "**/*.routes.ts", "**/*.service.ts", "**/*.schemas.ts"].map(allowed), // cellsKnowNoHttp
  ],
  allowTypeImports: true,
  message: "A Durable Object imports rules, stores, tables and src/shared/: move what it needs to one of these.",
};
const engineIsSealed: Boundary = {
  regex: `${packages(...HONO, "drizzle-orm", "stripe", "cloudflare", "node")}|${room("src", "durable-objects", ...OUTER_ROOMS)}`,
  message: "engine/ runs sealed, in an isolate without bindings and in the container: keep what it needs in engine/.",
};
const containerIsApart: Boundary = {
  regex: room("src", "durable-objects", ...OUTER_ROOMS),
  message: "container/ is an image of its own: it imports engine/, its own files and its packages.",
};

const SRC = [noOuterRoom, noBarrel, cellsByType];
const RULES = [rulesArePure, rulesStandBelow, rulesSeeShapes];

/**
 * The complete list for these files: a later override REPLACES the list of an earlier one that matches too.
 *
 * A `!` in a group lets the import past the patterns that follow as well, so the group comes last and alone.
 */
function within(files: string, ...list: readonly Boundary[]): OxlintOverride {
  const patterns = list.toSorted((one, other) => Number(one.group !== undefined) - Number(other.group !== undefined));
  return { files: [files], rules: { "no-restricted-imports": ["error", { patterns }] } };
}

/** From the general to the particular, because the last match wins. `test/lint/` holds an example of each. */
export const boundaries: OxlintOverride[] = [
  within("src/*.ts", ...SRC),
  within("src/index.ts", noOuterRoom, noBarrel),
  within("src/*/**/*.ts", ...SRC, noForeignStore, noRoutes, sqlInStores),
  within("src/*/**/*.routes.ts", ...SRC, noForeignStore, noForeignRoutes, sqlInStores),
  within("src/*/**/*.service.ts", ...SRC, noForeignStore, noRoutes, serviceKnowsNoHttp, wireByType, sqlInStores),
  within("src/*/**/*.store.ts", ...SRC, noForeignStore, storeStandsBelow, schemasByType),
  within("src/*/**/*.tables.ts", tablesOnly, columnTypes),
  within("src/*/**/*.schemas.ts", schemasOnly, rowTypes),
  within("src/http/**/*.ts", ...SRC, wireIsGeneric, sqlInStores),
  within("src/**/*.rules.ts", ...SRC, ...RULES),
  within("src/shared/**/*.ts", sharedStandsAlone, sharedIsPlain, noBarrel),
  within("durable-objects/**/*.ts", noOuterRoom, noBarrel, cellsKnowNoHttp, cellsOnly),
  within("durable-objects/**/*.rules.ts", noOuterRoom, noBarrel, ...RULES, cellsOnly),
  within("engine/**/*.ts", engineIsSealed, noBarrel),
  within("container/**/*.ts", containerIsApart, noBarrel),
];
