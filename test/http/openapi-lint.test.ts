import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, test } from "vitest";
import { app } from "../../src/app.ts";

// In Node, because redocly does not load in workerd.
test("redocly finds nothing in the OpenAPI document by its recommended rules, examples included", async () => {
  const environment = { ADMIN_TOKEN: "x".repeat(32), MASTER_KEY: "x".repeat(32), EMAIL_DELIVERY: "outbox" };
  const response = await app.request("https://tensorgate.test/openapi.json", undefined, environment);
  const config = await createConfig({
    extends: ["recommended-strict"],
    rules: {
      "no-invalid-media-type-examples": "error",
      "no-invalid-parameter-examples": "error",
      "no-invalid-schema-examples": "error",
    },
  });
  const found = await lintFromString({ source: await response.text(), config });
  expect(found.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
});
