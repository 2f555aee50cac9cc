/**
 * Properties of random drops, refusals and delays between actors on three threads: each message is delivered or a dead
 * letter with the injected reason, and never both or neither; the order of each pair holds; the same plan decides the same.
 * Not in every placement: the pairs are spread over all of them that a thread has.
 */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { MofaSystem, Ref } from "../../index.ts";
import { EventRecorder, type Fault, injectFaults } from "../../testing/index.ts";
import { sender, target } from "../fixtures/fault-target.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();
const names = { senders: ["s0", "s1", "s2"], receivers: ["r0", "r1", "r2"] };

const selector = (of: readonly string[], all: string) => fc.option(fc.constantFrom(...of, all), { nil: undefined });
const fault: fc.Arbitrary<Fault> = fc
  .record({
    kind: fc.constantFrom("drop", "refuse", "delay"),
    from: selector(names.senders, "s*"),
    to: fc.constantFrom(...names.receivers, "r*"),
    probability: fc.constantFrom(0.1, 0.5, 1),
    afterMessages: fc.nat(5),
    ms: fc.integer({ min: 1, max: 100 }),
  })
  .map(({ from, ms, kind, ...rest }) => {
    const common = { ...rest, ...(from !== undefined && { from }) };
    return kind === "delay" ? { kind, ms, ...common } : { kind: kind as "drop" | "refuse", ...common };
  });
const plan = fc.record({ seed: fc.nat(), faults: fc.array(fault, { minLength: 1, maxLength: 4 }) });
const bursts = fc.array(
  fc.record({ from: fc.nat(2), to: fc.nat(2), count: fc.integer({ min: 1, max: 8 }), waitMs: fc.nat(60) }),
  { minLength: 1, maxLength: 8 },
);

interface Sent {
  readonly from: number;
  readonly to: number;
  readonly number: number;
}

interface Run {
  readonly sent: readonly Sent[];
  /** By receiver, in the order of their arrival. */
  readonly seen: readonly (readonly number[])[];
  /** The numbers of messages that became dead letters. */
  readonly letters: readonly number[];
  readonly counted: number;
}

/** Lets a plan work on bursts of numbered messages. The numbers begin at 0 in each run. */
async function run(
  at: MofaSystem,
  senders: readonly Ref[],
  given: unknown,
  all: readonly (Sent & { waitMs: number; count: number })[],
): Promise<Run> {
  const receivers = await Promise.all(
    names.receivers.map((name, position) => at.spawn(target, undefined, { name, placement: { thread: position } })),
  );
  using recorder = new EventRecorder(at, ["deadLetter"]);
  const before = (await at.stats()).deadLetters.injected;
  const faults = await injectFaults(at, given as never);
  const sent: Sent[] = [];
  for (const { from, to, count, waitMs } of all) {
    const first = sent.length;
    for (let n = 0; n < count; n++) sent.push({ from, to, number: first + n });
    await (senders[from] as Ref).call("burst", { to: receivers[to], first, count });
    await at.clock.advance(waitMs);
  }
  await at.clock.advance(1_000);
  await faults.stop();
  await at.settled();
  const seen = await Promise.all(receivers.map((ref) => ref.call("seen") as Promise<number[]>));
  for (const ref of receivers) at.exit(ref, "kill");
  await at.settled();
  const letters = recorder.events.map((event) => {
    const { why, message } = event as unknown as { readonly why: string; readonly message: string };
    expect(why).toBe("injected");
    return Number(/\d+/.exec(message)?.[0] ?? "none");
  });
  return { sent, seen, letters, counted: (await at.stats()).deadLetters.injected - before };
}

test("every message is delivered or an injected dead letter, in the order of its pair, and a plan decides alike each time", async () => {
  const senders = await Promise.all(
    names.senders.map((name, position) => system().spawn(sender, undefined, { name, placement: { thread: position } })),
  );
  await fc.assert(
    fc.asyncProperty(plan, bursts, async (given, all) => {
      const work = all.map((burst) => ({ ...burst, number: 0 }));
      const one = await run(system(), senders, given, work);
      for (const [to, numbers] of one.seen.entries()) {
        for (const from of [0, 1, 2]) {
          const ofPair = one.sent
            .filter((message) => message.from === from && message.to === to)
            .map(({ number }) => number);
          const arrived = numbers.filter((number) => ofPair.includes(number));
          expect(arrived).toEqual(ofPair.filter((number) => arrived.includes(number)));
        }
      }
      const ends = sorted([...one.seen.flat(), ...one.letters]);
      expect(ends).toEqual(one.sent.map(({ number }) => number));
      expect(one.counted).toBe(one.letters.length);
      const again = await run(system(), senders, given, work);
      expect(sorted(again.letters)).toEqual(sorted(one.letters));
    }),
    { numRuns: 60, verbose: 1 },
  );
  for (const ref of senders) system().exit(ref, "kill");
});

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}
