import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Tests of what runs in Node; all others run inside workerd. */
const NODE_TESTS = ["test/{scripts,examples,lint,journeys}/**/*.test.ts"];

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
        },
      },
      { test: { name: "node", include: NODE_TESTS } },
    ],
  },
});
