/** Suites of semantics run in every placement, or say in their header why not. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "./support/package-root.ts";

/** `cases.test.ts` judges a list, and runs no actor. */
const suites = ["core/semantics", "otp"].flatMap((folder) =>
  readdirSync(join(packageRoot, "test", folder))
    .filter((file) => file.endsWith(".test.ts") && file !== "cases.test.ts")
    .map((file) => join(packageRoot, "test", folder, file)),
);

test.each(suites)("%s runs in every placement, or says why not", (file) => {
  const text = readFileSync(file, "utf8");
  const header = text.slice(0, text.indexOf("*/"));
  expect(text.includes("describePlacements(") || header.includes("Not in every placement: ")).toBe(true);
});
