/** That a cut knows the frames of the runtime by their names, also where no source maps are on, as in most programs. */
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../../support/package-root.ts";
import { runProgram } from "../../support/run-program.ts";

const program = (root: string) => `
import { getCallSites } from "node:util";
const { startSystem, defineServer } = await import("${root}/index.js");
const { drainScript } = await import("${root}/core/kernel/scheduler.js");
const { answerScript } = await import("${root}/core/kernel/dispatch.js");
const drains = new Set();
const looker = defineServer({ calls: { look: () => {
  drains.add(getCallSites(200).filter(({ functionName, scriptName }) => functionName === "drain" && scriptName === drainScript).length);
} } });
await using system = await startSystem({ threads: 1, spare: false });
const ref = await system.spawn(looker, undefined, { placement: { thread: 0 } });
// Turns are entered by a note to oneself and from a port of another thread's, as it happens.
for (let look = 0; look < 300; look++) {
  await ref.call("look");
  if (look % 3 === 0) await new Promise(setImmediate);
}
console.log(JSON.stringify({ drains: [...drains], isOne: answerScript === drainScript }));
`;

test("without source maps the frame of a drain has the name by which cuts look for it", async () => {
  const root = pathToFileURL(`${packageRoot}dist`).href;
  const { code, stdout, stderr } = await runProgram(process.execPath, ["--input-type=module", "--eval", program(root)]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({ drains: [1], isOne: true });
});
