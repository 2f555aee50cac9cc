/** A thread that does not end, in a process of its own. Not in every placement: no actors. */
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { runProgram } from "../../support/run-program.ts";

const program = fileURLToPath(new URL("../../fixtures/endless-module-program.js", import.meta.url));

test("a call of a module that no engine can stop fails all the same, and it is told that the thread stays", async () => {
  const { stdout } = await runProgram(process.execPath, [program], {
    onStdout: (text, kill) => {
      if (text.endsWith("\n")) kill("SIGKILL");
    },
  });
  expect(JSON.parse(stdout)).toMatchObject({
    error: {
      name: "RuntimeError",
      code: "wasm_timeout",
      message: "the call took longer than callTimeoutMs (100), and its thread was ended",
    },
    logged: [["error", "the thread of a module (endless) has not ended within a second, and may hold a processor"]],
  });
});
