import { describe, expect, test } from "vitest";
import errorPages from "../../docs/errors.md";
import { errorPage } from "../../src/http/error-pages.ts";
import { PROBLEMS } from "../../src/http/problems.ts";
import { ENGINE_REFUSALS } from "../../engine/refusal.ts";

const sections = [...errorPages.matchAll(/^## (.+)$/gm)].map((match) => match[1] ?? "");

describe("the codes of problems", () => {
  test.each(Object.keys(PROBLEMS))("%s has a section in docs/errors.md", (code) => {
    expect(sections).toContain(code);
  });

  test("docs/errors.md has no section that is not a code, and none twice", () => {
    expect(sections.toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
  });

  test("each is lower case with hyphens and has a 4xx or 5xx status", () => {
    for (const [code, { status }] of Object.entries(PROBLEMS)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
  });

  test("every refusal of the engine is one of them", () => {
    for (const code of ENGINE_REFUSALS) expect(PROBLEMS).toHaveProperty(code);
  });
});

describe("errorPage", () => {
  const markdown = "# Errors\n\n## one\n\nFirst.\n\n### More\n\n## one-more\n\nSecond.\n";

  test("cuts out the section of one code, with its subsections", () => {
    expect(errorPage(markdown, "one")).toBe("## one\n\nFirst.\n\n### More\n");
    expect(errorPage(markdown, "one-more")).toBe("## one-more\n\nSecond.\n");
  });

  test("knows no section of another heading or of a part of a code", () => {
    for (const code of ["Errors", "on", "More", ""]) expect(errorPage(markdown, code), code).toBeUndefined();
  });
});
