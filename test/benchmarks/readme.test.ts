import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { echoModule } from "../../benchmarks/peers/echo-module.ts";
import { packageRoot } from "../support/package-root.ts";
import { wasmOf } from "../support/wat.ts";

const read = (name: string): string => readFileSync(join(packageRoot, "benchmarks", name), "utf8");

test("the page prints the loop that is measured as the floor", () => {
  const [, loop] = /\/\/ The loop begins\.\n([\s\S]*?)\/\/ The loop ends\./.exec(read("peers/hand.ts")) ?? [];
  expect(loop).toMatch(/setImmediate\(drain\)/);
  expect(read("README.md")).toContain(`\`\`\`ts\n${loop}\`\`\``);
});

test("the module that is measured is the one of the plugin's page", () => {
  const [, text] =
    /```wat\n([\s\S]*?)```/.exec(readFileSync(join(packageRoot, "plugins/wasm/README.md"), "utf8")) ?? [];
  expect(Buffer.from(echoModule).toString("base64")).toBe(Buffer.from(wasmOf(text ?? "")).toString("base64"));
});
