import type { OxlintConfig, OxlintOverride } from "oxlint";
import { boundaries } from "./oxlint.boundaries.config.ts";

/** Rules taken one by one from the categories that are off as a whole; those below the line need types. */
const chosen: OxlintConfig["rules"] = {
  "array-callback-return": "error",
  curly: ["error", "multi-line"],
  "default-case-last": "error",
  "default-param-last": "error",
  eqeqeq: "error",
  "guard-for-in": "error",
  "logical-assignment-operators": "error",
  "max-depth": ["error", 4],
  "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
  "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
  "no-case-declarations": "error",
  "no-console": "error",
  "no-constructor-return": "error",
  "no-else-return": "error",
  "no-empty": "error",
  "no-fallthrough": "error",
  "no-implicit-coercion": ["error", { allow: ["!!"] }],
  "no-lone-blocks": "error",
  "no-loop-func": "error",
  "no-multi-assign": "error",
  "no-new-func": "error",
  "no-param-reassign": "error",
  "no-promise-executor-return": "error",
  "no-return-assign": "error",
  "no-self-compare": "error",
  "no-sequences": "error",
  "no-template-curly-in-string": "error",
  "no-useless-computed-key": "error",
  "no-useless-return": "error",
  "no-var": "error",
  "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx", "hack"], decoration: ["*", "/"] }],
  "object-shorthand": "error",
  "operator-assignment": "error",
  "prefer-const": "error",
  "prefer-object-has-own": "error",
  "prefer-rest-params": "error",
  "prefer-template": "error",
  radix: "error",
  yoda: "error",
  "import/extensions": ["error", "ignorePackages", { checkTypeImports: true }],
  "import/first": "error",
  "import/no-commonjs": "error",
  "import/no-cycle": ["error", { ignoreTypes: false }],
  "import/no-default-export": "error",
  "import/no-duplicates": "error",
  "import/no-dynamic-require": ["error", { esmodule: true }],
  "import/no-mutable-exports": "error",
  "oxc/bad-bitwise-operator": "error",
  "oxc/no-barrel-file": ["error", { threshold: 0 }],
  "typescript/adjacent-overload-signatures": "error",
  "typescript/array-type": "error",
  "typescript/ban-ts-comment": "error",
  "typescript/consistent-type-assertions": ["error", { assertionStyle: "as", objectLiteralTypeAssertions: "never" }],
  "typescript/consistent-type-imports": "error",
  "typescript/no-dynamic-delete": "error",
  "typescript/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
  "typescript/no-explicit-any": "error",
  "typescript/no-import-type-side-effects": "error",
  "typescript/no-invalid-void-type": "error",
  "typescript/no-namespace": ["error", { allowDeclarations: true }],
  "typescript/no-non-null-assertion": "error",
  "typescript/no-require-imports": "error",
  "typescript/no-unsafe-function-type": "error",
  "typescript/prefer-for-of": "error",
  "typescript/prefer-function-type": "error",
  "unicorn/error-message": "error",
  "unicorn/filename-case": ["error", { case: "kebabCase" }],
  "unicorn/no-abusive-eslint-disable": "error",
  "unicorn/no-array-for-each": "error",
  "unicorn/no-object-as-default-parameter": "error",
  "unicorn/no-process-exit": "error",
  "unicorn/no-static-only-class": "error",
  "unicorn/no-typeof-undefined": "error",
  "unicorn/no-useless-promise-resolve-reject": "error",
  "unicorn/no-useless-switch-case": "error",
  "unicorn/prefer-at": "error",
  "unicorn/prefer-date-now": "error",
  "unicorn/prefer-node-protocol": "error",
  "unicorn/prefer-number-properties": ["error", { checkInfinity: false, checkNaN: false }],
  "unicorn/prefer-optional-catch-binding": "error",
  "unicorn/prefer-response-static-json": "error",
  "unicorn/prefer-string-replace-all": "error",
  "unicorn/prefer-string-slice": "error",
  "unicorn/prefer-structured-clone": "error",
  "unicorn/prefer-type-error": "error",
  "unicorn/throw-new-error": "error",
  "vitest/no-duplicate-hooks": "error",
  "vitest/no-identical-title": "error",
  "vitest/no-import-node-test": "error",
  "vitest/no-test-prefixes": "error",
  "vitest/no-test-return-statement": "error",
  "vitest/valid-expect": ["error", { maxArgs: 2 }], // the second is the message
  "vitest/valid-title": ["error", { ignoreTypeOfTestName: true, ignoreTypeOfDescribeName: true }], // titles from a table
  // ---- with types
  "typescript/consistent-type-exports": "error",
  "typescript/no-deprecated": "error",
  // A promise that nobody awaits is cut off when the response ends: hand it to `ctx.waitUntil`.
  "typescript/no-floating-promises": ["error", { ignoreVoid: false }],
  "typescript/no-misused-promises": "error",
  "typescript/no-unsafe-argument": "error",
  "typescript/no-unsafe-assignment": "error",
  "typescript/no-unsafe-call": "error",
  "typescript/no-unsafe-member-access": "error",
  "typescript/no-unsafe-return": "error",
  "typescript/only-throw-error": "error",
  "typescript/prefer-nullish-coalescing": "error",
  "typescript/prefer-promise-reject-errors": "error",
  "typescript/prefer-readonly": "error",
  "typescript/restrict-plus-operands": "error",
  "typescript/restrict-template-expressions": [
    "error",
    { allowAny: false, allowBoolean: false, allowNullish: false, allowNumber: true, allowRegExp: false },
  ],
  "typescript/return-await": ["error", "error-handling-correctness-only"],
  "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
  "typescript/use-unknown-in-catch-callback-variable": "error",
};

/** Rules of a category that is on, which cost more than they find here. */
const declined: OxlintConfig["rules"] = {
  "no-await-in-loop": "off", // pages of R2 and D1, readers and retries are sequential by nature
  "oxc/no-async-endpoint-handlers": "off", // it means Express; Hono awaits its handlers
  "oxc/no-map-spread": "off", // a row copied with one field changed is how a store returns it
  "promise/always-return": "off", // a chain's type says it already
  "typescript/consistent-return": "off", // takes an exhaustive switch for a missing return; tsc's noImplicitReturns doesn't
  "unicorn/consistent-function-scoping": "off", // a helper may stand beside its only use
};

const OUTSIDE_THE_WORKER = ["scripts/**", "bench/**", "examples/**"];

const exceptions: OxlintOverride[] = [
  {
    files: [
      "src/index.ts",
      "engine/index.ts",
      "bench/worker/**",
      "scripts/torture/worker/**",
      "*.config.ts",
      "modules.d.ts",
    ],
    rules: { "import/no-default-export": "off" },
  },
  {
    files: ["src/shared/**"], // where brands are made
    rules: { "typescript/no-unsafe-type-assertion": "off" },
  },
  {
    files: ["src/**", "engine/**", "durable-objects/**"],
    rules: { "node/no-process-env": "error" }, // src/env.ts parses Env
  },
  {
    files: ["**/*.rules.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "Take the time as an argument: the clock is injected." },
        { object: "Math", property: "random", message: "Take the number as an argument." },
      ],
    },
  },
  { files: OUTSIDE_THE_WORKER, rules: { "no-console": "off", "unicorn/no-process-exit": "off" } },
  {
    files: ["container/**"],
    rules: {
      "typescript/no-floating-promises": "error", // a server of our own outlives its responses: `void` says so
      "unicorn/no-process-exit": "off", // in server.ts, once all is done
    },
  },
  {
    files: ["test/**"],
    rules: {
      "max-lines-per-function": "off", // a suite is one function
      "typescript/no-unsafe-assignment": "off", // expect.any() is an any
      "typescript/no-unsafe-type-assertion": "off",
      "typescript/unbound-method": "off", // expect(object.method)
      "vitest/expect-expect": [
        "error",
        { assertFunctionNames: ["expect", "expect*", "assert", "assert*", "fc.assert"] },
      ],
    },
  },
];

export default {
  plugins: ["typescript", "import", "unicorn", "oxc", "promise", "vitest", "node"],
  categories: { correctness: "error", suspicious: "error", perf: "error" },
  options: { reportUnusedDisableDirectives: "error" },
  ignorePatterns: [
    "worker-configuration.d.ts",
    "migrations/**",
    "public/**",
    "**/dist/**",
    ".wrangler/**",
    "bench/results/**",
  ],
  rules: { ...chosen, ...declined },
  overrides: [...boundaries, ...exceptions],
} satisfies OxlintConfig;
