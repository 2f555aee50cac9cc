/** The examples as a reader runs them: each as it stands, and as built. */
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { packageRoot } from "./support/package-root.ts";
import { runProgram } from "./support/run-program.ts";

const outputs: Readonly<Record<string, string>> = {
  hello: `Hello, world!
Hello, Erlang!
greeted so far: 2
the call failed: nobody is there
the greeter is down, error: nobody is there
`,
  // A line that is no number crashes each parser that gets it.
  "pipeline/main": `parser crashed, error: line 3 is no number: twenty-one
parser crashed, error: line 3 is no number: twenty-one
total: { sum: 42.5, lines: 4 }
stages: parser, source, summer
`,
  "bank/main": `cents before: 5000000
transfers: 200
accounts crashed: 10
cents after: 5000000
`,
};

describe.each(Object.keys(outputs))("examples/%s", (name) => {
  test.each([`examples/${name}.ts`, `dist/examples/${name}.js`])("%s prints what it shows, and ends", async (file) => {
    expect(await runProgram(process.execPath, [join(packageRoot, file)])).toEqual({
      code: 0,
      signal: null,
      stdout: outputs[name],
      stderr: "",
    });
  });
});
