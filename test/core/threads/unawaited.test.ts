// One program for main and a worker, since what is at stake on main is the process.
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../../support/package-root.ts";
import { runProgram } from "../../support/run-program.ts";

const codes = {
  call: "noproc",
  "call by name": "noproc",
  "call with a wrong time-out": "bad_argument",
  "call, then more": "noproc",
  "time-out": "timeout",
  start: "start_failed",
  "start of nothing": "bad_argument",
  register: "already_registered",
  "register of no name": "bad_argument",
  unregister: "bad_argument",
  "publish with ack": "not_kept",
  "subscribe to what is not kept": "not_kept",
  "keepTopic of none": "bad_argument",
  task: "undefined",
};

test("what fails and is awaited by nobody ends the actor that asked for it, on every thread, and not the process", async () => {
  const { code, stdout, stderr } = await runProgram(process.execPath, [
    join(packageRoot, "dist/test/fixtures/programs/unawaited.js"),
  ]);
  const lines = (thread: number, kind: string) =>
    Object.entries(codes).map(([how, why]) => `${thread} ${kind} ${how}: ${why}`);
  const expected = [...lines(0, "sync"), ...lines(0, "async"), ...lines(1, "sync"), ...lines(1, "async"), "alive", ""];
  expect({ stdout: stdout.split("\n"), stderr, code }).toEqual({ stdout: expected, stderr: "", code: 0 });
});

test("a call of the program's own that fails and is awaited by nobody ends it, with the error's code and where the callee threw", async () => {
  const { code, stderr } = await runProgram(process.execPath, [
    join(packageRoot, "dist/test/fixtures/programs/forgotten-call.js"),
  ]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /^\[RuntimeError: disk full\] \{\n {2}code: 'crashed',\n {2}\[cause\]: \{[^]*at fail \(.*failing-server/,
    ),
  });
});
