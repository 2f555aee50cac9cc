import { expect, test } from "@jest/globals";
import {
  type Answer,
  answer,
  type Contender,
  type Plan,
  type Question,
  type Watcher,
} from "../../benchmarks/harness.ts";
import type { Repetition } from "../../benchmarks/peers/scenario.ts";

const plan: Plan = {
  warmups: 1,
  warmupMs: 0,
  repetitions: 2,
  sizeDividedBy: 1,
  contendersMax: 9,
  hasGoals: true,
  repetitionLimitMs: 1_000,
};
const silent: Watcher = { progress() {} };

/** A contender that writes what happens to it into `log`, and answers from a list of elapsed times. */
function contender(name: string, log: string[], elapsedMs: readonly number[], wrongIn?: number): Contender {
  let executed = 0;
  return {
    name,
    dividedBy: 1,
    async run(size): Promise<Repetition> {
      log.push(name);
      executed += 1;
      const result = executed === wrongIn ? size - 1 : size;
      return { result, elapsedMs: elapsedMs[executed - 1] ?? 0 };
    },
    async close() {
      log.push(`${name} closed`);
    },
  };
}

function question(contenders: readonly Contender[], unit: Question["unit"] = "ns"): Question {
  return {
    name: "probe",
    question: "how long does a probe take",
    unit,
    placement: "nowhere",
    operation: "probe",
    size: 1_000_000,
    expected: (size) => size,
    contenders: () => contenders,
  };
}

const ask = (contenders: readonly Contender[], limits: Partial<Plan> = {}): Promise<Answer> =>
  answer(question(contenders), { ...plan, ...limits }, new AbortController().signal, silent);

test("contenders take turns, and the warm-up is not counted", async () => {
  const log: string[] = [];
  const answered = await ask([contender("a", log, [900, 10, 30]), contender("b", log, [900, 50, 70])]);
  expect(log).toEqual(["a", "b", "a", "b", "a", "b", "a closed", "b closed"]);
  expect(answered.contenders).toMatchObject([
    { name: "a", median: 20, p99: 30, min: 10, max: 30, samples: 2, ratio: 1, size: 1_000_000 },
    { name: "b", median: 60, p99: 70, min: 50, max: 70, samples: 2, ratio: 3, size: 1_000_000 },
  ]);
});

test("who has not run long enough warms up further, and the others wait", async () => {
  const log: string[] = [];
  const answered = await ask([contender("a", log, [6, 6, 10, 30]), contender("b", log, [12, 50, 70])], {
    warmupMs: 12,
  });
  expect(log.slice(0, 7)).toEqual(["a", "b", "a", "a", "b", "a", "b"]);
  expect(answered.contenders).toMatchObject([
    { name: "a", median: 20, samples: 2 },
    { name: "b", median: 60, samples: 2 },
  ]);
});

test("who runs elsewhere is asked what it holds, once and after all that is timed", async () => {
  const log: string[] = [];
  const elsewhere: Contender = {
    ...contender("a", log, [1, 2, 3]),
    held: async () => {
      log.push("asked");
      return { heapBytes: 5, rssBytes: null };
    },
  };
  const { contenders } = await ask([elsewhere]);
  expect(log).toEqual(["a", "a", "a", "asked", "a closed"]);
  expect(contenders).toMatchObject([{ allocatedBytes: null, gcNs: null, heapBytes: 5, rssBytes: null }]);
});

test("who runs here is looked at by the harness", async () => {
  const { contenders } = await ask([contender("a", [], [1, 2, 3])]);
  expect(contenders).toMatchObject([{ heapBytes: expect.any(Number), rssBytes: expect.any(Number) }]);
});

test("one wrong result makes the whole answer void, and everything is closed", async () => {
  const log: string[] = [];
  const answered = await ask([contender("a", log, [1, 1, 1]), contender("b", log, [1, 1, 1], 2)]);
  expect(answered).toMatchObject({ contenders: [], unverified: "b counted 999999 where 1000000 is right" });
  expect(log.slice(-2)).toEqual(["a closed", "b closed"]);
});

test("a contender that never finishes is given up after the limit", async () => {
  const stuck: Contender = { ...contender("a", [], []), run: () => new Promise(() => {}) };
  const answered = await ask([stuck], { repetitionLimitMs: 1 });
  expect(answered.unverified).toBe("a did not finish a repetition in 1 ms");
});

test.each([
  { when: "as a repetition begins", abortBy: (abort: () => void): void => abort() },
  { when: "in the middle of a repetition", abortBy: (abort: () => void): void => queueMicrotask(abort) },
])("stopping $when closes the contenders and rejects with the reason", async ({ abortBy }) => {
  const log: string[] = [];
  const stop = new AbortController();
  const waiting: Contender = {
    ...contender("a", log, []),
    run: () => new Promise(() => abortBy(() => stop.abort(new Error("stopped")))),
  };
  const patient: Plan = { ...plan, repetitionLimitMs: 3_600_000 };
  await expect(answer(question([waiting]), patient, stop.signal, silent)).rejects.toThrow("stopped");
  expect(log).toEqual(["a closed"]);
});

test("a question of latencies wants one for each operation", async () => {
  const answered = await answer(
    question([contender("a", [], [1])], "us"),
    { ...plan, sizeDividedBy: 100_000 },
    new AbortController().signal,
    silent,
  );
  expect(answered.unverified).toBe("0 latencies of 10 operations");
});

test("a question of memory divides what all hold by their number", async () => {
  const holding: Contender = {
    ...contender("a", [], []),
    run: async (size) => ({ result: size, elapsedMs: 1, bytes: size * 3 }),
  };
  const answered = await answer(question([holding], "bytes"), plan, new AbortController().signal, silent);
  expect(answered).toMatchObject({ unit: "bytes/probe", contenders: [{ name: "a", median: 3, samples: 2 }] });
});

test("a question of memory is not warmed up for, and has five repetitions at most", async () => {
  const log: string[] = [];
  const a = contender("a", log, []);
  const holding: Contender = { ...a, run: async (size) => ({ ...(await a.run(size)), bytes: size }) };
  const long: Plan = { ...plan, warmups: 3, warmupMs: 1, repetitions: 15 };
  const answered = await answer(question([holding], "bytes"), long, new AbortController().signal, silent);
  expect(answered.contenders).toMatchObject([{ samples: 5 }]);
  expect(log).toEqual(["a", "a", "a", "a", "a", "a closed"]);
});

test("a question of memory wants it counted", async () => {
  const answered = await answer(
    question([contender("a", [], [1])], "bytes"),
    plan,
    new AbortController().signal,
    silent,
  );
  expect(answered.unverified).toBe("its memory was not counted");
});
