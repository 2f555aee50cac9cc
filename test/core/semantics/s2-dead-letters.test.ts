/** core/SEMANTICS.md, S2.10: dead letters are kept, and can be sent again. */
import { expect, test } from "@jest/globals";
import type { Ref } from "../../../core/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** The dead letters of one receiver. */
async function lettersOf({ thread, slot, generation }: Ref) {
  await system().settled();
  const all = await system().deadLetters();
  return all.filter(({ to }) => to.thread === thread && to.slot === slot && to.generation === generation);
}

describePlacements("S2 Dead letters", (place) => {
  /** Ends it. A thread of its own goes with it: until it has, what reaches that thread is kept there and goes along. */
  async function end(ref: Ref): Promise<void> {
    await system().stopActor(ref);
    if (place.name !== "dedicated") return;
    while ((await system().stats()).threads.some(({ thread }) => thread === ref.thread)) await system().settled();
  }

  test("S2.10: what is sent to an actor that has ended is kept, with its kind and why", async () => {
    const gone = await place.spawn(system(), puppet, undefined);
    await end(gone);
    gone.send({ raw: 1 });
    gone.cast("run", ["stop"]);
    await expect(gone.call("echo", 2)).rejects.toMatchObject({ code: "noproc" });
    const all = [
      ["{ raw: 1 }", "noproc", true],
      ["cast run([ 'stop' ])", "noproc", true],
      ["call echo(2)", "noproc", false],
    ];
    const kept = (await lettersOf(gone)).map(({ message, why, isResendable }) => [message, why, isResendable]);
    expect(kept).toEqual(all);
  });

  test("S2.10: a dead letter is sent again once, to whom it was for or to another", async () => {
    const full = await place.spawn(system(), puppet, undefined, { mailboxCapacity: 1 });
    await system().pause(full);
    for (let n = 0; n < 3; n++) {
      full.send(n);
      await system().settled();
    }
    await system().resume(full);
    const [one, two] = (await lettersOf(full)).map(({ id }) => id);
    const other = await place.spawn(system(), puppet, undefined);
    expect(await system().resend(one as string)).toBe(true);
    expect(await system().resend(one as string)).toBe(false);
    expect(await system().resend(two as string, other)).toBe(true);
    await system().settled();
    expect([await full.call("seen"), await other.call("seen")]).toEqual([[0, 1], [2]]);
    expect(await lettersOf(full)).toEqual([]);
  });

  test("S2.10: the last thousand of a thread are kept, all are counted", async () => {
    const gone = await place.spawn(system(), puppet, undefined);
    await end(gone);
    const sender = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
    const before = (await system().stats()).deadLetters.noproc;
    for (let n = 0; n < 1_010; n++) await sender.call("run", ["send", gone, n]);
    const letters = await lettersOf(gone);
    expect(letters.map(({ message }) => Number(message))).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 10));
    expect((await system().stats()).deadLetters.noproc - before).toBe(1_010);
  });

  test.each(["", "7", "1.x", "a.b"])("S2.10: %j is no id of a dead letter", async (id) => {
    await expect(system().resend(id)).rejects.toMatchObject({ code: "bad_argument" });
    expect(await system().resend("0.999999")).toBe(false);
    expect(await system().resend("9999.1")).toBe(false);
  });
});

// How many bytes cross a thread has nothing to do with it.
test("S2.10: large ones are fewer, and one alone is kept however large it is", async () => {
  const gone = await system().spawn(puppet, undefined, { placement: "local" });
  await system().stopActor(gone);
  const keptLengths = async () =>
    (await lettersOf(gone)).map(({ message }) => Number(/^Uint8Array\((\d+)\)/.exec(message)?.[1]));
  const send = async (length: number) => {
    gone.send(new Uint8Array(length));
    await system().settled();
  };
  const quarter = 2 ** 24;
  for (let n = 1; n <= 5; n++) await send(quarter - n * 1_000);
  expect(await keptLengths()).toEqual([2, 3, 4, 5].map((n) => quarter - n * 1_000));
  await send(5 * quarter);
  expect(await keptLengths()).toEqual([5 * quarter]);
  await send(1);
  expect(await keptLengths()).toEqual([1]);
});
