import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import { MemorySum, type Reading } from "../../benchmarks/memory.ts";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";

const mebi = 2 ** 20;

/** Of threads that have allocated so many MiB, and that the collector has held so long in ms; undefined: they cannot tell. */
function reading(threads: readonly (readonly [mebibytes: number | null, heldMs: number | undefined])[], started = 1) {
  return {
    started,
    threads: threads.map(([mebibytes, collectorMs], thread) => ({
      thread,
      allocatedBytes: mebibytes === null ? null : mebibytes * mebi,
      heapBytes: 1,
      collectorMs,
    })),
  } satisfies Reading;
}

function figures(...repetitions: readonly (readonly [Reading, Reading, Reading])[]) {
  const sum = new MemorySum();
  for (const [blank, before, after] of repetitions) sum.add({ blank, before, after }, mebi);
  return sum.figures;
}

test("figures are of one operation, over all threads and repetitions, without what the readings allocate", () => {
  const first = [
    reading([
      [0, 1],
      [0, 0],
    ]),
    reading([
      [1, 1],
      [1, 0],
    ]),
    reading([
      [11, 3],
      [1, 0],
    ]),
  ] as const;
  const second = [
    reading([
      [11, 3],
      [1, 0],
    ]),
    reading([
      [11, 3],
      [1, 0],
    ]),
    reading([
      [15, 3],
      [9, 6],
    ]),
  ] as const;
  expect(figures(first, second)).toEqual({ allocatedBytes: (22 - 2) / 2, gcNs: (8 * 1e6) / (2 * mebi) });
});

test("what is less than the readings allocate is not told", () => {
  expect(figures([reading([[0, 0]]), reading([[4, 0]]), reading([[11, 0]])])).toEqual({
    allocatedBytes: null,
    gcNs: 0,
  });
});

test("a thread that cannot tell of its collector leaves it unknown, unless it takes no part", () => {
  const blank = reading([
    [0, 0],
    [0, undefined],
  ]);
  expect(
    figures([
      blank,
      blank,
      reading([
        [10, 0],
        [0.4, undefined],
      ]),
    ]).gcNs,
  ).toBe(0);
  expect(
    figures([
      blank,
      blank,
      reading([
        [10, 0],
        [2, undefined],
      ]),
    ]).gcNs,
  ).toBe(null);
});

test("a repetition in which a thread came or went does not count, and without any other nothing is told", () => {
  const [blank, after] = [reading([[0, 0]]), reading([[10, 0]])];
  const gone = reading([], 1);
  const exchanged = reading([[90, 9]], 2);
  const unknown = { allocatedBytes: null, gcNs: null };
  expect(figures([blank, blank, gone])).toEqual(unknown);
  expect(figures([blank, blank, exchanged])).toEqual(unknown);
  expect(figures([blank, blank, exchanged], [blank, blank, after])).toEqual({ allocatedBytes: 10, gcNs: 0 });
});

test("a Node that does not count what is allocated leaves it unknown", () => {
  const none = reading([[null, 0]]);
  expect(figures([none, none, none])).toEqual({ allocatedBytes: null, gcNs: 0 });
});

// By itself: the process that Jest shows to tests does not hear of threads.
test("what a thread and the one that it has started allocate is told, with the time of their collections", async () => {
  const of = (name: string) => JSON.stringify(pathToFileURL(join(packageRoot, `dist/benchmarks/${name}.js`)).href);
  /** Allocates 64 MB and more, in objects of 32 bytes and more, at each word. */
  const work = `
    let kept = [];
    const work = () => { for (let made = 0; made < 2e6; made++) kept[made % 1e5] = { made, also: made }; };
    new BroadcastChannel("work").onmessage = ({ data }) => {
      if (data !== "go") return;
      work();
      new BroadcastChannel("work").postMessage("done");
    };
  `;
  const inner = `import(${of("gauge")}).then(({ gauge }) => { gauge(); ${work} new BroadcastChannel("work").postMessage("up"); });`;
  const outer = `import(${of("gauge")}).then(({ gauge }) => {
    gauge();
    import("node:worker_threads").then(({ Worker }) => new Worker(${JSON.stringify(inner)}, { eval: true }));
    ${work}
  });`;
  const program = `
    import { once } from "node:events";
    import { Worker } from "node:worker_threads";
    import { Meter } from ${of("meter")};
    import { MemorySum } from ${of("memory")};
    const meter = new Meter();
    const sum = new MemorySum();
    const channel = new BroadcastChannel("work");
    const heard = (word, count) => new Promise((resolve) => {
      channel.onmessage = ({ data }) => data === word && --count === 0 && resolve();
    });
    const owner = {};
    meter.begin(owner);
    const up = heard("up", 1);
    const worker = new Worker(${JSON.stringify(outer)}, { eval: true });
    await up;
    const [blank, before] = [await meter.read(owner), await meter.read(owner)];
    const done = heard("done", 2);
    channel.postMessage("go");
    await done;
    const after = await meter.read(owner);
    sum.add({ blank, before, after }, 4e6);
    console.log(JSON.stringify({ threads: after.threads.length, ...sum.figures }));
    await worker.terminate();
    meter[Symbol.dispose]();
    channel.close();
  `;
  const { stdout, stderr } = await runProgram(process.execPath, ["--input-type=module", "--eval", program]);
  expect(stderr).toBe("");
  const { threads, allocatedBytes, gcNs } = JSON.parse(stdout);
  expect(threads).toBe(3);
  expect(allocatedBytes).toBeGreaterThan(20);
  expect(allocatedBytes).toBeLessThan(80);
  expect(gcNs).toBeGreaterThan(0);
});
