/** Simulated threads, not real ones: a dedicated thread that has said that it ends, and what still comes for it (S2.3). */
import { expect, test } from "@jest/globals";
import { noteModule } from "../../../core/actor/behaviour-module.ts";
import { type Context, defineServer, type Ref } from "../../../core/index.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const module = "sim:retirement";
const server = defineServer({ module, calls: { ping: () => "pong" }, casts: { hear: () => undefined } });
noteModule(server, { url: module, exportName: "server" });

const seeds = Array.from({ length: 50 }, (_, at) => at + 1);

async function rest(system: SimulatedSystem): Promise<void> {
  do for (let i = 0; i < 8; i++) await Promise.resolve();
  while (system.step());
}

/** The guest of thread 0, and an actor that thread 1 was for and that has ended: the thread has said that it ends. */
async function retired(seed: number) {
  const system = new SimulatedSystem(seed, 1, { importModule: () => Promise.resolve({ server }) });
  const { thread } = system.addThread(1, { isDedicated: true });
  const guest = system.kernel(0).guest.ctx as Context;
  const there = system.kernel(thread).guest.ctx as Context;
  const ref = there.spawn(server, undefined, { placement: "local" });
  guest.send(ref, "hello");
  await rest(system);
  guest.exit(ref, "enough");
  await rest(system);
  return { system, guest, thread, ref: ref as Ref };
}

test("it takes nothing more: what comes is a dead letter of its sender, with what it carried", async () => {
  for (const seed of seeds) {
    const { system, guest, thread, ref } = await retired(seed);
    expect(system.retired).toEqual([thread]);
    const before = system.kernel(thread).deadLetters.list().length;
    for (const n of [1, 2, 3]) guest.send(ref, { n });
    guest.cast(ref as never, "hear" as never, 4 as never);
    const answer = guest.call(ref as never, "ping" as never).catch((error: { code: string }) => error.code);
    await rest(system);
    expect(system.kernel(thread).deadLetters.list()).toHaveLength(before);
    system.endRetired(thread);
    await rest(system);
    const letters = system
      .kernel(0)
      .deadLetters.list()
      .map(({ why, message, isResendable }) => [why, message, isResendable]);
    expect(letters).toEqual([
      ["noproc", "{ n: 1 }", true],
      ["noproc", "{ n: 2 }", true],
      ["noproc", "{ n: 3 }", true],
      ["noproc", "cast hear(4)", true],
      ["noproc", "call ping()", false],
    ]);
    expect(await answer).toBe("noproc");
  }
});
