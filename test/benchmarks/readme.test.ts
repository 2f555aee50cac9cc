import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../support/package-root.ts";

const read = (name: string): string => readFileSync(join(packageRoot, "benchmarks", name), "utf8");

test("the page prints the loop that is measured as the floor", () => {
  const [, loop] = /\/\/ The loop begins\.\n([\s\S]*?)\/\/ The loop ends\./.exec(read("peers/hand.ts")) ?? [];
  expect(loop).toMatch(/setImmediate\(drain\)/);
  expect(read("README.md")).toContain(`\`\`\`ts\n${loop}\`\`\``);
});
