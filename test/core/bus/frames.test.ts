/** What a publish costs the way between two threads, counted on simulated ones. */
import { expect, test } from "@jest/globals";
import type { Context } from "../../../core/actor/context.ts";
import { defineActor } from "../../../core/index.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const subscribers = 1_000;

test("a publish is one frame for each thread with subscribers, however many they are, and none for the others", () => {
  const system = new SimulatedSystem(1, 4);
  let received = 0;
  const subscriber = defineActor({
    module: "sim:frames",
    init: (_: undefined, ctx: Context) => void ctx.subscribe("news.*"),
    receive: () => void received++,
  });
  for (const thread of [0, 1, 2]) {
    const { guest } = system.kernel(thread);
    for (let n = 0; n < subscribers; n++) guest.ctx?.spawn(subscriber, undefined, { placement: "local" });
  }
  system.settle();
  const frames: number[] = [];
  for (const { kernel } of system.threads.values()) {
    const onFrame = kernel.inbound.onFrame.bind(kernel.inbound);
    kernel.inbound.onFrame = (...frame) => {
      frames.push(kernel.thread);
      onFrame(...frame);
    };
  }
  system.kernel(0).guest.ctx?.publish("news.today", 1);
  system.settle();
  expect(frames.toSorted((a, b) => a - b)).toEqual([1, 2]);
  expect(received).toBe(3 * subscribers);
});
