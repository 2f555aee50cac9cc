/**
 * Properties of random drops, refusals and delays of messages and calls between actors on three threads: each is exactly
 * one of delivered at once, delayed and then delivered, dropped, and refused; the order of each pair holds; the same plan
 * decides the same. Not in every placement: the pairs are spread over all of them that a thread has.
 */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { MofaSystem, Ref } from "../../index.ts";
import { EventRecorder, type Fault, injectFaults, Probe } from "../../testing/index.ts";
import { type Outcome, sender, target } from "../fixtures/fault-target.ts";
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
  fc.record({
    from: fc.nat(2),
    to: fc.nat(2),
    count: fc.integer({ min: 1, max: 8 }),
    waitMs: fc.nat(60),
    callEvery: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 8 },
);

interface Burst {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly waitMs: number;
  readonly callEvery: number;
}

interface Sent {
  readonly from: number;
  readonly to: number;
  readonly number: number;
  readonly isCall: boolean;
}

interface Run {
  readonly sent: readonly Sent[];
  /** By receiver, in the order of their arrival. */
  readonly seen: readonly (readonly number[])[];
  /** The numbers of those that became dead letters. */
  readonly letters: readonly number[];
  readonly counted: number;
  /** By the call's number. */
  readonly outcomes: ReadonlyMap<number, string>;
  /** How often faults of a kind struck. */
  readonly struck: Readonly<Record<"drop" | "refuse" | "delay", number>>;
  /** Numbers that were neither seen nor dead letters before the clock went on. */
  readonly held: ReadonlySet<number>;
}

/** Lets a plan work on bursts of numbered messages and calls. The numbers begin at 0 in each run. */
async function run(at: MofaSystem, senders: readonly Ref[], given: unknown, all: readonly Burst[]): Promise<Run> {
  const probe = await Probe.start(at);
  const receivers = await Promise.all(
    names.receivers.map((name, position) => at.spawn(target, probe.ref, { name, placement: { thread: position } })),
  );
  using recorder = new EventRecorder(at, ["deadLetter"]);
  const letters = () => recorder.events.map(numberIn);
  const before = (await at.stats()).deadLetters.injected;
  const faults = await injectFaults(at, given as never);
  const sent: Sent[] = [];
  const held = new Set<number>();
  for (const { from, to, count, waitMs, callEvery } of all) {
    const first = sent.length;
    for (let n = first; n < first + count; n++) sent.push({ from, to, number: n, isCall: n % callEvery === 0 });
    await (senders[from] as Ref).call("burst", { to: receivers[to], first, count, callEvery });
    const ended = new Set([...(await probe.all()), ...letters()]);
    for (const { number } of sent.slice(first)) if (!ended.has(number)) held.add(number);
    await at.clock.advance(waitMs);
  }
  await at.clock.advance(6_000);
  const counts = await faults.stop();
  await at.settled();
  const seen = await Promise.all(receivers.map((ref) => ref.call("seen") as Promise<number[]>));
  const outcomes = await Promise.all(senders.map((ref) => ref.call("outcomes") as Promise<Outcome[]>));
  for (const ref of receivers) at.exit(ref, "kill");
  await probe.stop();
  await at.settled();
  const struck = { drop: 0, refuse: 0, delay: 0 };
  for (const { kind, injected } of counts) struck[kind as keyof typeof struck] += injected;
  const counted = (await at.stats()).deadLetters.injected - before;
  return { sent, seen, letters: sorted(letters()), counted, outcomes: new Map(outcomes.flat()), struck, held };
}

function numberIn(event: unknown): number {
  const { why, message } = event as { readonly why: string; readonly message: string };
  expect(why).toBe("injected");
  return Number(/\d+/.exec(message)?.[0] ?? "none");
}

/** Each message that arrived, by pair, in the order in which it was sent. */
function expectOrder({ sent, seen }: Run): void {
  for (const [to, numbers] of seen.entries()) {
    for (const from of [0, 1, 2]) {
      const ofPair = sent.filter((one) => one.from === from && one.to === to).map(({ number }) => number);
      const arrived = numbers.filter((number) => ofPair.includes(number));
      expect(arrived).toEqual(ofPair.filter((number) => arrived.includes(number)));
    }
  }
}

/** What became of each, once: and as often as faults struck. */
function expectOneEnd({ sent, seen, letters, counted, outcomes, struck, held }: Run): void {
  const arrived = seen.flat();
  expect(sorted([...arrived, ...letters])).toEqual(sent.map(({ number }) => number));
  expect([counted, letters.length]).toEqual([struck.drop + struck.refuse, struck.drop + struck.refuse]);
  // What was held up has arrived, and nothing is held up that no fault delays.
  expect([...held].filter((number) => !arrived.includes(number))).toEqual([]);
  expect(held.size === 0 || struck.delay > 0).toBe(true);
  const calls = sent.filter(({ isCall }) => isCall).map(({ number }) => number);
  expect(sorted([...outcomes.keys()])).toEqual(calls);
  const ofCode = (code: string) => calls.filter((number) => outcomes.get(number) === code);
  expect(ofCode("answered")).toEqual(calls.filter((number) => arrived.includes(number)));
  expect(sorted([...ofCode("injected"), ...ofCode("timeout")])).toEqual(calls.filter((n) => letters.includes(n)));
  expect(ofCode("injected").length).toBeLessThanOrEqual(struck.refuse);
  expect(ofCode("timeout").length).toBeLessThanOrEqual(struck.drop);
}

test("every message is delivered, delayed and then delivered, dropped or refused, in the order of its pair, and a plan decides alike", async () => {
  const senders = await Promise.all(
    names.senders.map((name, position) => system().spawn(sender, undefined, { name, placement: { thread: position } })),
  );
  const kinds = { drop: 0, refuse: 0, delay: 0, held: 0 };
  await fc.assert(
    fc.asyncProperty(plan, bursts, async (given, all) => {
      const one = await run(system(), senders, given, all);
      expectOrder(one);
      expectOneEnd(one);
      for (const kind of ["drop", "refuse", "delay"] as const) kinds[kind] += one.struck[kind];
      kinds.held += one.held.size;
      const { letters, outcomes } = await run(system(), senders, given, all);
      expect(letters).toEqual(one.letters);
      expect(outcomes).toEqual(one.outcomes);
    }),
    { numRuns: 60, verbose: 1 },
  );
  // Of each there was some.
  expect(Object.entries(kinds).filter(([, count]) => count === 0)).toEqual([]);
  for (const ref of senders) system().exit(ref, "kill");
});

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}
