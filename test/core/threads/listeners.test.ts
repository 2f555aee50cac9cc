/** On main, where listeners of the event stream run: what they do while the kernel tells them something. */
import { expect, test } from "@jest/globals";
import { defineActor, defineServer, startSystem } from "../../../index.ts";
import { worker } from "../../fixtures/thread-tests.ts";

const local = { placement: "local" } as const;

test("an actor that a listener of its `spawned` ends never begins", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  let began = 0;
  const late = defineActor({ init: () => void began++, receive: () => undefined });
  system.events.on("spawned", ({ ref }) => system.exit(ref, "kill"));
  await expect(system.spawn(late, undefined, local)).rejects.toMatchObject({ code: "start_failed" });
  expect(began).toBe(0);
});

test("an actor that a listener of its `crashed` ends does not terminate as well", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  let terminated = 0;
  const fragile = defineServer({
    calls: {
      crash: () => {
        throw new Error("on purpose");
      },
    },
    terminate: () => void terminated++,
  });
  const ref = await system.spawn(fragile, undefined, local);
  system.events.on("crashed", (event) => system.exit(event.ref, "kill"));
  await expect(ref.call("crash")).rejects.toMatchObject({ code: "killed" });
  expect(terminated).toBe(0);
});

test.each([{ mailboxCapacity: 0 }, { mailboxCapacity: 1.5 }, { mailboxPolicy: "drop" as never }])(
  "a definition with %j is refused where it is made",
  (option) => {
    const name = Object.keys(option)[0] as string;
    expect(() => defineActor({ receive: () => undefined, ...option })).toThrow(name);
  },
);

test("the seed of a system decides its chance, on every thread", async () => {
  const drawn = async (seed: number) => {
    await using system = await startSystem({ threads: 1, spare: false, seed });
    const refs = await Promise.all([0, 1].map((thread) => system.spawn(worker, undefined, { placement: { thread } })));
    return await Promise.all(refs.map((ref) => ref.call("random")));
  };
  const [first, second, other] = [await drawn(1), await drawn(1), await drawn(2)];
  expect(second).toEqual(first);
  expect(other).not.toEqual(first);
});
