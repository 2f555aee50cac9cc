/** What processes print goes no faster than the stream it goes to. */
import { PassThrough, Writable } from "node:stream";
import { expect, test } from "@jest/globals";
import { Outlet } from "../../../core/process/outlet.ts";

/** A stream that is full after one byte and has room again when it is told. */
function slow() {
  const taken: string[] = [];
  let goOn = () => {};
  const stream = new Writable({
    highWaterMark: 1,
    write: (piece: Buffer, _encoding, done) => {
      taken.push(String(piece));
      goOn = done;
    },
  });
  return { stream, taken, goOn: () => goOn() };
}

function outputTo(outlet: Outlet): PassThrough {
  const output = new PassThrough({ highWaterMark: 1 });
  output.on("data", (piece: Buffer) => outlet.pass(output, piece));
  return output;
}

async function turnsOfTheLoop(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise(setImmediate);
}

test("an output rests while there is no room, and goes on when there is; others wait with it", async () => {
  const { stream, taken, goOn } = slow();
  const outlet = new Outlet(() => stream);
  const outputs = Array.from({ length: 20 }, () => outputTo(outlet));
  for (const output of outputs) output.write("a");
  await turnsOfTheLoop();
  for (const output of outputs) output.write("b");
  await turnsOfTheLoop();
  expect(outputs.filter((output) => output.isPaused()).length).toBe(20);
  expect(stream.writableLength).toBe(20); // one piece of each, and nothing beyond
  expect(stream.listenerCount("drain")).toBe(1);
  while (taken.length < 40) {
    goOn();
    await new Promise(setImmediate);
  }
  goOn();
  await turnsOfTheLoop();
  expect(taken.join("")).toBe(`${"a".repeat(20)}${"b".repeat(20)}`);
  expect(stream.listenerCount("drain")).toBe(0);
});

test("nobody waits for a stream that is closed", async () => {
  const { stream } = slow();
  const outlet = new Outlet(() => stream);
  const output = outputTo(outlet);
  output.write("a");
  await turnsOfTheLoop();
  expect(output.isPaused()).toBe(true);
  stream.on("error", () => {}).destroy();
  await turnsOfTheLoop();
  expect(output.isPaused()).toBe(false);
  output.write("b");
  await turnsOfTheLoop();
  expect(output.isPaused()).toBe(false);
});

test("what a process had written when it ended is passed on at once, what comes later waits again", async () => {
  const { stream } = slow();
  const outlet = new Outlet(() => stream);
  const output = outputTo(outlet);
  output.write("a");
  await turnsOfTheLoop();
  output.write("b");
  outlet.hurry(output);
  await turnsOfTheLoop();
  output.write("c");
  await turnsOfTheLoop();
  expect(stream.writableLength).toBe(3);
  outlet.calm(output);
  output.write("d");
  await turnsOfTheLoop();
  expect(output.isPaused()).toBe(true);
});
