import { EventEmitter } from "node:events";
import { expect, test } from "@jest/globals";
import { Interrupt, interruptEchoMs } from "../../cli/interrupt.ts";

/** A process that can be sent signals, under a clock that the test turns. */
class FakeProcess extends EventEmitter {
  readonly pid = 7;
  readonly kills: [number, NodeJS.Signals][] = [];
  nowMs = 1_000;

  kill(pid: number, signal: NodeJS.Signals): void {
    this.kills.push([pid, signal]);
  }
}

test("the first signal asks for an orderly end", () => {
  const source = new FakeProcess();
  using interrupt = new Interrupt(source, () => source.nowMs);
  expect([interrupt.signal.aborted, interrupt.exitCode]).toEqual([false, undefined]);
  source.emit("SIGINT");
  expect([interrupt.signal.aborted, interrupt.exitCode]).toEqual([true, 130]);
  expect(source.kills).toEqual([]);
});

test("one keystroke that arrives twice is one signal", () => {
  const source = new FakeProcess();
  using interrupt = new Interrupt(source, () => source.nowMs);
  source.emit("SIGINT");
  source.nowMs += interruptEchoMs - 1;
  source.emit("SIGINT");
  expect(interrupt.exitCode).toBe(130);
  expect(source.kills).toEqual([]);
});

test("a second signal ends the process at once", () => {
  const source = new FakeProcess();
  using interrupt = new Interrupt(source, () => source.nowMs);
  source.emit("SIGINT");
  source.nowMs += interruptEchoMs;
  source.emit("SIGTERM");
  // By the signal itself, which nobody hears any more.
  expect(source.kills).toEqual([[7, "SIGTERM"]]);
  expect(source.listenerCount("SIGTERM")).toBe(0);
  expect(interrupt.exitCode).toBe(130);
});

test("no signal is heard once it is disposed", () => {
  const source = new FakeProcess();
  const interrupt = new Interrupt(source, () => source.nowMs);
  interrupt[Symbol.dispose]();
  expect([source.listenerCount("SIGINT"), source.listenerCount("SIGTERM")]).toEqual([0, 0]);
});
