/** Code of an actor that the runtime comes upon: getters and proxies of what it throws, `then` of what it returns (core/SEMANTICS.md, S8.1). */
import { expect, test } from "@jest/globals";
import { type RuntimeEvent, startSystem } from "../../../index.ts";
import { bystander } from "../../fixtures/runaway.ts";
import { framer, leaver, trapInInit, trapper, unspeakable } from "../../fixtures/traps.ts";
import { useSystem } from "../../support/use-system.ts";

const there = { placement: { thread: 1 } } as const;
const turnLimitMs = 100;
const limited = { ...there, turnLimitMs } as const;

const shared = useSystem({ threads: 1, spare: false, clock: "system", turnLimitMs: 10_000 });

test.each(["thrown", "proxy", "thenable", "ownThen", "ownConstructor", "task"] as const)(
  "it is its actor's own, and is cut down alone: %s",
  async (kind) => {
    const system = shared();
    const neighbour = await system.spawn(bystander, undefined, there);
    const ref = await system.spawn(trapper, undefined, limited);
    const { down } = await system.monitor(ref);
    ref.call(kind, undefined, { timeoutMs: 60_000 }).catch(() => undefined);
    expect((await down).reason).toEqual({ turnLimit: turnLimitMs });
    expect(await neighbour.call("ping")).toBe("pong");
    expect((await system.stats()).threadsLost).toBe(0);
  },
);

test.each([
  ["proxy", /Proxy/],
  ["getter", /not read/],
] as const)("a rejection that is nobody's is told without a look into its traps: %s", async (kind, words) => {
  await using system = await startSystem({ threads: 1, spare: false });
  const neighbour = await system.spawn(bystander, undefined, there);
  const told = new Promise<RuntimeEvent>((resolve) => system.events.on("unattributedError", resolve));
  const ref = await system.spawn(leaver, undefined, there);
  ref.cast(kind);
  expect(await told).toMatchObject({ error: { message: expect.stringMatching(words) as unknown } });
  expect(await neighbour.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});

test("so is that of what its init returns", async () => {
  const system = shared();
  const neighbour = await system.spawn(bystander, undefined, there);
  await expect(system.spawn(trapInInit, undefined, { ...limited, startTimeoutMs: 60_000 })).rejects.toMatchObject({
    code: "start_failed",
    message: expect.stringContaining("turnLimit") as unknown,
  });
  expect(await neighbour.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});

test("a terminate that does not end, of an actor whose answer could not be sent, is cut down", async () => {
  const system = shared();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(unspeakable, undefined, limited);
  const { down } = await system.monitor(ref);
  await expect(ref.call("answer", undefined, { timeoutMs: 60_000 })).rejects.toMatchObject({ code: "not_cloneable" });
  expect((await down).reason).toEqual({ turnLimit: turnLimitMs });
  expect(await neighbour.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});

test("a trap that an actor hands to the runtime as another's error is cut down as what it is, code in its own turn", async () => {
  const system = shared();
  const neighbour = await system.spawn(bystander, undefined, there);
  const other = await system.spawn(framer, undefined, there);
  other.cast("wait");
  expect(await other.call("ping")).toBe("pong");
  const ref = await system.spawn(framer, undefined, limited);
  const { down } = await system.monitor(ref);
  ref.cast("frame");
  expect((await down).reason).toEqual({ turnLimit: turnLimitMs });
  expect(await neighbour.call("ping")).toBe("pong");
  expect(await other.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});
