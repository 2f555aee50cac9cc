/** The examples as a reader runs them: each as it stands, and as built. */
import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { wordsModule, wordsText } from "../examples/module/words-module.ts";
import { packageRoot } from "./support/package-root.ts";
import { runProgram } from "./support/run-program.ts";
import { wasmOf } from "./support/wat.ts";

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
  "stream/main": `read: You
read: said
read: good
read: morning
the end: 4 words
read and left: 1 2 3 4 5 6 7 8 9 10
answers given up: 1
read "You said something hard", then: the model is lost for words
`,
  "desk/main": `writers: bob, ann
politics is written
sport is written
weather is written
a piece is given up after three: attempts
printed: a dry piece on politics, at attempt 1
printed: a dry piece on sport, at attempt 2
{ tone: 'reconfigure' }
refused ann does not write like that
bad_configuration tone: a text (got 5 from reconfigure)
again at 03:00:00
`,
  "module/main": `"to be or not to be": 6, in all 6
"? that is the question": wasm_trap, the module trapped: unreachable
"whether 'tis nobler in the mind": 6, in all 12
"! suffer": wasm_timeout, the call took longer than callTimeoutMs (100), and its thread was ended
"the slings and arrows": 4, in all 16
`,
  "faults/main": `throw: struck 1, failed calls: injected, restarts: 1
loop: struck 1, failed calls: turn_limit, restarts: 1
loopAfterAwait: struck 1, failed calls: turn_limit, restarts: 1
regex: struck 1, failed calls: turn_limit, restarts: 1
exit: struck 1, failed calls: exit_called, restarts: 1
kill: struck 1, failed calls: killed, restarts: 1
poison: struck 1, failed calls: none, restarts: 1
threadLoss: struck 1, failed calls: thread_lost, restarts: 1
drop: struck 1, failed calls: timeout, restarts: 0
refuse: struck 1, failed calls: injected, restarts: 1
delay: struck 5, failed calls: none, restarts: 0
55 of 55 sales are booked, 5500 cents
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

test("the module of an example is what its text says", () => {
  expect(Buffer.from(wordsModule).toString("base64")).toBe(Buffer.from(wasmOf(wordsText)).toString("base64"));
});

test.each(["examples/make-gguf.ts", "dist/examples/make-gguf.js"])(
  "%s writes a model, and says where",
  async (file) => {
    const folder = await mkdtemp(join(tmpdir(), "mofa-gguf-"));
    try {
      const model = join(folder, "small.gguf");
      const run = (...args: string[]) =>
        runProgram(process.execPath, [join(packageRoot, file), ...args], { cwd: folder });
      const { stdout, stderr, code } = await run("small.gguf");
      const bytes = await readFile(model);
      expect([code, stdout, stderr]).toEqual([0, `${await realpath(model)}: ${bytes.length} bytes\n`, ""]);
      expect(bytes.subarray(0, 8)).toEqual(Buffer.from("GGUF\x03\0\0\0", "latin1"));
      expect((await run("--help")).stdout).toMatch(/node examples\/make-gguf\.ts \[file\]/);
      expect((await run("--hlep")).code).toBe(2);
      expect(await readdir(folder)).toEqual(["small.gguf"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
