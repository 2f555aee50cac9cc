/** What a crowd of actors that live shortly costs the kernel (core/kernel/births.ts, scheduler.ts): when they have their turns, and what is made for them. */
import { expect, test } from "@jest/globals";
import { type Context, defineActor, defineServer } from "../../../core/index.ts";
import { startLoneKernel } from "../../support/lone-kernel.ts";

const nextLoop = () => new Promise(setImmediate);

test("what came for an actor before it began is handled where it begins, and not behind all others that begin", async () => {
  const { ctx } = startLoneKernel();
  const seen: string[] = [];
  const noted = defineActor({
    init: (name: string) => {
      seen.push(`${name} begins`);
      return name;
    },
    receive: (name, message: string) => {
      seen.push(`${name} ${message}`);
    },
  });
  for (const name of ["one", "two"]) ctx.send(ctx.spawn(noted, name), "has its message");
  await nextLoop();
  expect(seen).toEqual(["one begins", "one has its message", "two begins", "two has its message"]);
});

test("an init that has not ended holds back what came for its actor", async () => {
  const { ctx } = startLoneKernel();
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = defineActor({
    init: () => promise,
    receive: () => void seen.push("handled"),
  });
  ctx.send(ctx.spawn(late), "message");
  await nextLoop();
  expect(seen).toEqual([]);
  resolve();
  await nextLoop();
  await nextLoop();
  expect(seen).toEqual(["handled"]);
});

test("an actor that does nothing rare has no rare parts, and ends by itself without them", async () => {
  const { ctx, kernel } = startLoneKernel();
  const brief = defineActor({ receive: (_state: undefined, _message: string, own: Context) => own.stop() });
  const failing = defineServer({
    casts: {
      fail: () => {
        throw new Error("failed");
      },
    },
  });
  const refs = [ctx.spawn(brief), ctx.spawn(failing)] as const;
  const cells = refs.map((ref) => kernel.cellOf(ref));
  ctx.send(refs[0], "end");
  refs[1].cast("fail");
  await nextLoop();
  expect(refs.map((ref) => kernel.isAlive(ref))).toEqual([false, false]);
  expect(cells.map((cell) => cell?.extra)).toEqual([undefined, undefined]);
});
