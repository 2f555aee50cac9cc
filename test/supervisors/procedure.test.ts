/** Procedures: one at a time, and what arrives meanwhile is held in order. Not in every placement: the machine alone, with a context that only notes timers. */
import { beforeEach, expect, test } from "@jest/globals";
import type { Context, Ref } from "../../core/index.ts";
import { heldCallsMax, type Job, type Procedure, Procedures, type Wait } from "../../supervisors/procedure.ts";

const refOf = (slot: number): Ref => ({ node: "", thread: 0, slot, generation: 1 }) as Ref;
const exitOf = (slot: number, reason = "boom"): Job => ({ kind: "exit", ref: refOf(slot), reason });
const from = { caller: refOf(0), id: 1 };
const callOf = (name: string): Job => ({ kind: "call", name, argument: undefined, from });

const theOther = { has: ({ slot }: { readonly slot: number }) => slot === 99 };

/** Done jobs, in order. A job "busy" waits for the start of slot 99. */
let done: string[];
let timers: unknown[];
let procedures: Procedures;

beforeEach(() => {
  done = [];
  timers = [];
  // Procedures ask the context for nothing but a timer.
  const ctx = { sendAfter: (_delayMs: number, message: unknown) => timers.push(message) } as unknown as Context;
  procedures = new Procedures(ctx, begin);
});

function* begin(job: Job): Procedure<void> {
  if (job.kind === "call" && job.name === "busy") yield { started: theOther };
  if (job.kind === "call" && job.name === "long") yield { turn: true };
  done.push(job.kind === "call" ? job.name : job.kind === "exit" ? `exit ${job.ref.slot}` : job.kind);
}

const release = () => procedures.offer({ type: "started", ref: refOf(99), result: { ok: true } });

test("a job is done at once when nothing runs, else held until what runs is done", () => {
  procedures.submit(callOf("first"));
  procedures.submit(callOf("busy"));
  procedures.submit(callOf("a"));
  procedures.submit(exitOf(1));
  procedures.submit({ kind: "stop", reason: "shutdown" });
  expect(done).toEqual(["first"]);
  expect(release()).toBe(true);
  expect(done).toEqual(["first", "busy", "a", "exit 1", "stop"]);
});

test("only what is waited for goes on", () => {
  procedures.submit(callOf("busy"));
  expect(procedures.offer({ type: "started", ref: refOf(98), result: { ok: true } })).toBe(false);
  expect(procedures.offer({ type: "down", monitor: 1, ref: undefined, reason: "normal" })).toBe(false);
  expect(procedures.offer({ type: "timer", timer: "shutdown" })).toBe(false);
  expect(procedures.continueWith({ type: "timer", timer: "turn" })).toBe(false);
  expect(done).toEqual([]);
  expect(procedures.offer({ type: "exit", from: refOf(99), reason: "boom" })).toBe(true);
  expect(done).toEqual(["busy"]);
  expect(release()).toBe(false);
});

test("a held exit can be taken out, once, and is not done then", () => {
  procedures.submit(callOf("busy"));
  for (const slot of [1, 2, 3]) procedures.submit(exitOf(slot, `reason ${slot}`));
  expect(procedures.takeExit(refOf(2))).toBe("reason 2");
  expect(procedures.takeExit(refOf(2))).toBeUndefined();
  expect(procedures.takeExit(refOf(9))).toBeUndefined();
  release();
  expect(done).toEqual(["busy", "exit 1", "exit 3"]);
  expect(procedures.takeExit(refOf(1))).toBeUndefined();
});

test("held exits that match are taken out together, in order of arrival", () => {
  procedures.submit(callOf("busy"));
  for (const slot of [5, 2, 4, 3]) procedures.submit(exitOf(slot, slot % 2 === 0 ? "even" : "odd"));
  expect(procedures.takeExits((_ref, reason) => reason === "even").map(({ slot }) => slot)).toEqual([2, 4]);
  release();
  expect(done).toEqual(["busy", "exit 5", "exit 3"]);
});

test("calls of one name that are next in line can be taken out", () => {
  procedures.submit(callOf("busy"));
  for (const name of ["a", "a", "a", "b", "a"]) procedures.submit(callOf(name));
  expect(procedures.takeCalls("a", 2)).toHaveLength(2);
  expect(procedures.takeCalls("a", 9)).toHaveLength(1);
  expect(procedures.takeCalls("a", 9)).toEqual([]);
  procedures.submit(exitOf(1));
  release();
  expect(done).toEqual(["busy", "b", "a", "exit 1"]);
});

test("places of held exits stay right while the list is used up and grows", () => {
  const expected: string[] = [];
  for (let round = 0; round < 50; round++) {
    procedures.submit(callOf("busy"));
    // Behind the first stand another wait and more exits, so that the list is never empty.
    for (let i = 0; i < 10; i++) procedures.submit(exitOf(round * 100 + i));
    procedures.submit(callOf("busy"));
    for (let i = 10; i < 15; i++) procedures.submit(exitOf(round * 100 + i, `${round} ${i}`));
    expect(procedures.takeExit(refOf(round * 100 + 3))).toBe("boom");
    release();
    expect(procedures.takeExit(refOf(round * 100 + 2))).toBeUndefined(); // done already
    expect(procedures.takeExit(refOf(round * 100 + 12))).toBe(`${round} 12`);
    for (let i = 15; i < 18; i++) procedures.submit(exitOf(round * 100 + i, `${round} ${i}`));
    expect(procedures.takeExit(refOf(round * 100 + 16))).toBe(`${round} 16`);
    release();
    const exits = (slots: number[]) => slots.map((i) => `exit ${round * 100 + i}`);
    expected.push("busy", ...exits([0, 1, 2, 4, 5, 6, 7, 8, 9]), "busy", ...exits([10, 11, 13, 14, 15, 17]));
  }
  expect(done).toEqual(expected);
});

test("many held jobs are done over several turns", () => {
  procedures.submit(callOf("busy"));
  for (let i = 0; i < 2_500; i++) procedures.submit(exitOf(i));
  release();
  expect(done).toHaveLength(1_001);
  procedures.submit(callOf("last")); // stands behind those that are held
  expect(done).toHaveLength(1_001);
  expect(procedures.continueWith(timers[0])).toBe(true);
  expect(procedures.continueWith(timers[0])).toBe(false);
  expect(procedures.continueWith(timers[1])).toBe(true);
  expect(done).toHaveLength(2_502);
  expect(done.at(-1)).toBe("last");
});

test("long work goes on with the turn that it asked for", () => {
  procedures.submit(callOf("long"));
  expect(done).toEqual([]);
  expect(timers).toHaveLength(1);
  procedures.continueWith(timers[0]);
  expect(done).toEqual(["long"]);
});

test("calls are held up to a bound, exits always", () => {
  procedures.submit(callOf("busy"));
  for (let i = 0; i < heldCallsMax; i++) procedures.submit(callOf("a"));
  expect(procedures.submit(callOf("one more"))).toBe(false);
  expect(procedures.submit(exitOf(1))).toBe(true);
});

test("nothing is done any more once it is closed", () => {
  const closing = new Procedures({} as Context, function* (job): Procedure<void> {
    yield* wait({ started: theOther });
    done.push(job.kind);
    closing.close();
  });
  closing.submit(exitOf(1));
  closing.submit(exitOf(2));
  closing.offer({ type: "started", ref: refOf(99), result: { ok: true } });
  expect(closing.submit(callOf("late"))).toBe(true);
  expect(done).toEqual(["exit"]);
});

function* wait(what: Wait): Procedure<void> {
  yield what;
}
