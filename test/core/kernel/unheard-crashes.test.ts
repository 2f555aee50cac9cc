/** Crashes of a thread that nobody listens to (core/kernel/unheard-crashes.ts): what main gets, and what of an error anybody else does. */
import { expect, test } from "@jest/globals";
import { type Context, type DownMessage, defineActor, type Ref } from "../../../core/index.ts";
import { Counter } from "../../../core/kernel/counters.ts";
import { crashesMax } from "../../../core/kernel/event-stream.ts";
import { alwaysBits, type CrashReport, type RuntimeEvent } from "../../../core/kernel/events.ts";
import { defineSupervisor } from "../../../supervisors/index.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

interface Told {
  readonly to: Ref;
}
type ToMortal = { readonly crash: Error };

/** Says that it is up, and throws what it is sent. */
const mortal = defineActor({
  init: ({ to }: Told, ctx) => void ctx.send(to, { up: ctx.self }),
  receive: (_state, { crash }: ToMortal) => {
    throw crash;
  },
});
const keeper = defineSupervisor((told: Told) => ({
  intensity: 1_000_000,
  periodMs: 1_000,
  children: [{ id: "mortal", start: [mortal, told] }],
}));

/** A child on thread 1 crashes so many times in one drain. `up` is told of each that is up, with its number. */
function storm(
  crashes: number,
  isHeard: boolean,
  up: (number: number, child: Ref, ctx: Context, left: readonly RuntimeEvent[]) => void = () => {},
) {
  const system = new SimulatedSystem(1, 2);
  if (!isHeard) system.memory.interest = alwaysBits;
  const kernel = system.kernel(1);
  const left: RuntimeEvent[] = [];
  const { eventOutlet } = kernel;
  const emit = eventOutlet.emit.bind(eventOutlet);
  eventOutlet.emit = (event) => {
    left.push(event);
    emit(event);
  };
  const downs: DownMessage[] = [];
  const driver = defineActor({
    init: (_argument: undefined, ctx) => {
      ctx.spawn(keeper, { to: ctx.self });
      return { number: 0 };
    },
    receive(state, message: { readonly up: Ref } | DownMessage, ctx) {
      if (!("up" in message)) {
        downs.push(message);
        return;
      }
      const number = state.number++;
      up(number, message.up, ctx, left);
      if (number < crashes) ctx.send(message.up, { crash: new TypeError(`crash ${number}`) } satisfies ToMortal);
    },
  });
  kernel.guest.ctx?.spawn(driver);
  while (system.step());
  const crashed = left.filter((event): event is CrashReport => event.type === "crashed");
  return { system, kernel, crashed, downs };
}

const messageOf = ({ reason }: CrashReport) => (reason as { error: { message: string } }).error.message;

test("S20.6: of a storm main gets the last hundred, whole and in order, and all are counted", () => {
  const { system, kernel, crashed } = storm(250, false);
  expect(crashed).toHaveLength(crashesMax);
  const kept = system.events.crashes();
  expect(kept.map(messageOf)).toEqual(Array.from({ length: crashesMax }, (_, at) => `crash ${150 + at}`));
  for (const report of kept) {
    const { error } = report.reason as { readonly error: { readonly name: string; readonly stack: string } };
    expect(error.name).toBe("TypeError");
    expect(error.stack).toMatch(/^TypeError: crash \d+\n {4}at .*unheard-crashes\.test/);
    expect(report.message).toContain("crash");
  }
  expect(kernel.counters.get(Counter.crashes)).toBe(250);
});

test("S20.1: who listens gets each of them", () => {
  const { crashed } = storm(250, true);
  expect(crashed.map(messageOf)).toEqual(Array.from({ length: 250 }, (_, at) => `crash ${at}`));
});

test.each([
  ["before the first flush", 3, { text: "so many have crashed" }],
  ["behind an earlier flush", 40, { text: "so many have crashed" }],
  // Of a kind that is written into the ring as it is sent.
  ["at once", 40, 40],
])("what goes to main %s goes behind the reports of the crashes before it", (_when, at, message) => {
  const main = { node: "", thread: 0, slot: 0, generation: 0 };
  const counts: number[] = [];
  storm(at + 1, false, (number, _child, ctx, left) => {
    if (number === 0) ctx.send(main, { text: "begins" });
    if (number !== at) return;
    counts.push(left.length);
    ctx.send(main, message);
    counts.push(left.length);
  });
  expect(counts).toEqual([0, at]);
});

test("who watches it gets the stack, whoever listens to reports", () => {
  const { downs } = storm(2, false, (number, child, ctx) => {
    if (number === 1) ctx.monitor(child);
  });
  expect(downs).toHaveLength(1);
  expect(downs[0]?.reason).toMatchObject({ error: { message: "crash 1", stack: expect.stringContaining("crash 1") } });
});

test.each([
  ["a class of its own", () => new (class Odd extends Error {})("odd")],
  ["a name of its own", () => Object.assign(new Error("odd"), { name: "Odd" })],
  ["a cause", () => new Error("odd", { cause: new Error("why") })],
])("an error with %s is read in its actor's turn, and reported as whole", (_what, make) => {
  const { system } = storm(1, false, (number, child, ctx) => {
    if (number === 0) ctx.send(child, { crash: make() } satisfies ToMortal);
  });
  const { message, stack, name, cause } = make();
  const [first] = system.events.crashes();
  expect(first?.reason).toMatchObject({
    error: { name, message, stack: expect.stringContaining(String(stack).slice(0, 5)) },
  });
  if (cause !== undefined) expect(first?.reason).toMatchObject({ error: { cause: { message: "why" } } });
});
