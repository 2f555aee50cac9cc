/** `mofa plugins --available`: what comes with MoFA. No program runs. */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { sqlVersion, storageCapability } from "../../core/index.ts";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";

const mofa = (...args: string[]) =>
  runProgram(process.execPath, [join(packageRoot, "cli", "mofa.cjs"), "plugins", "--available", ...args]);

test("the plugins that come with MoFA are listed with what they need, also as JSON", async () => {
  const { code, stdout } = await mofa("--json");
  expect(code).toBe(0);
  const { plugins } = JSON.parse(stdout) as { plugins: readonly { name: string; packages: readonly object[] }[] };
  expect(plugins.map(({ name }) => name)).toEqual([
    "llm-anthropic",
    "llm-native",
    "llm-ollama",
    "llm-openai",
    "llm-scripted",
    "prometheus",
    "storage-memory",
    "storage-mysql",
    "storage-postgres",
    "storage-sqlite",
    "telemetry",
    "tool-fs",
    "tool-http",
    "tool-shell",
  ]);
  expect(plugins.find(({ name }) => name === "storage-postgres")).toEqual({
    name: "storage-postgres",
    version: "0.1.0",
    tags: ["storage"],
    import: "mofa/plugins/storage-postgres",
    provides: [storageCapability, { name: "storage-postgres", version: sqlVersion }],
    requires: [],
    packages: [{ name: "pg", version: "8.23.1", installed: expect.stringMatching(/^8\./) }],
  });
});

test("it is no question to a program: one that is named beside it is refused", async () => {
  const { code, stdout, stderr } = await mofa("--system", "shop");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/'--available' cannot be used with option '--system <pid\|name>'/);
});

test("as a table it has a line each", async () => {
  const { code, stdout, stderr } = await mofa();
  expect([code, stderr]).toEqual([0, "14 plugins\n"]);
  expect(stdout).toMatch(/^plugin +version +import +provides +requires +missing\n/);
  expect(stdout).toMatch(/\nstorage-memory +0\.1\.0 +mofa\/plugins\/storage-memory +storage \d+\.\d+\.\d+\n/);
});
