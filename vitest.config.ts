import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Tests of what runs in Node; all others run inside workerd. */
const NODE_TESTS = [
  "test/{scripts,examples,lint,journeys,container,bench}/**/*.test.ts",
  "test/http/openapi-lint.test.ts",
];

/** What wrangler bundles as text and WASM is empty in Node, where a test may ask the app for its OpenAPI document. */
const emptyAssets = {
  name: "empty-assets",
  enforce: "pre" as const,
  load: (id: string) => (/\.(md|txt|wasm)$/.test(id) ? "export default ''" : undefined),
};

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                ADMIN_TOKEN: "operator-token-known-to-tests-only",
                MASTER_KEY: "master-key-of-tests-that-seals-nothing-else",
                EMAIL_DELIVERY: "outbox",
                TEST_MIGRATIONS: await readD1Migrations("./migrations"),
              },
            },
          })),
        ],
        test: {
          name: "workerd",
          include: ["test/**/*.test.ts"],
          exclude: NODE_TESTS,
          setupFiles: ["./test/support/apply-migrations.ts"],
          testTimeout: 30_000, // every deployment starts an isolate with ONNX Runtime, slowly where others use the machine too
          isolate: false, // loading the Worker takes seconds; files may share it, because each test makes its own tenant
        },
      },
      { plugins: [emptyAssets], test: { name: "node", include: NODE_TESTS } },
    ],
  },
});
