/** Progress of a call that a host reads as slowly as it likes. Not in every placement: no actor runs. */
import { expect, test } from "@jest/globals";
import { CallProgress } from "../../cli/call-progress.ts";

/** A host that reads the next one when it is told to. */
function slowHost() {
  const told: string[] = [];
  const reads: (() => void)[] = [];
  const said = new CallProgress(async ({ progress, message }) => {
    told.push(`${progress}: ${message}`);
    await new Promise<void>((resolve) => reads.push(resolve));
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    said,
    told,
    turn,
    async read() {
      reads.shift()?.();
      await turn();
    },
  };
}

test("progress is left out while the one before it is not read, and goes on behind that", async () => {
  const { said, told, turn, read } = slowHost();
  for (let at = 0; at < 1_000; at++) said.progress(`${at}`);
  await turn();
  await read();
  said.progress("later");
  await turn();
  await read();
  await said.end();
  expect(told).toEqual(["1: 0", "2: later"]);
});

test("a word that somebody has to hear is told behind progress that is not read yet", async () => {
  const { said, told, turn, read } = slowHost();
  said.progress("half");
  said.word("waits for approval");
  await turn();
  await read();
  await read();
  await said.end();
  expect(told).toEqual(["1: half", "2: waits for approval"]);
});

test("what cannot be told ends nothing", async () => {
  const said = new CallProgress(() => Promise.reject(new Error("the host has left")));
  said.progress("half");
  said.word("waits for approval");
  await said.end();
  said.progress("more");
  expect(await said.end()).toBeUndefined();
});
