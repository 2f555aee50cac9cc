/** What the demo says of itself while it runs, where its screen is no terminal. */
import { Writable } from "node:stream";
import { expect, jest, test } from "@jest/globals";
import type { Snapshot } from "../../../cli/demo/job.ts";
import { LiveView } from "../../../cli/demo/live-view.ts";

const snapshotAt = (atMs: number): Snapshot => {
  const counts = { thrown: 0, poisoned: 0, looped: 0, exited: 0, threadsLost: 0, processesLost: 0 };
  const progress = { ...counts, submitted: 0, done: 7, agentsUp: 1, restarts: 0, inHand: 0 };
  return { atMs, progress, threads: [], queued: 0 } as unknown as Snapshot; // the rest is not shown
};

test("a job that has told nothing new has no second line", () => {
  jest.useFakeTimers();
  try {
    let written = "";
    const screen = new Writable({
      write(piece, _encoding, done) {
        written += String(piece);
        done();
      },
    });
    using view = new LiveView(screen, { agents: 1, files: 1, slices: 1, tasks: 7 });
    const times = () => [...written.matchAll(/^(\d+\.\d s): 7 of 7 tasks/gm)].map(([, time]) => time);
    view.show(snapshotAt(1_000));
    jest.advanceTimersByTime(10_000);
    expect(times()).toEqual(["1.0 s"]);
    view.show(snapshotAt(11_000));
    jest.advanceTimersByTime(10_000);
    expect(times()).toEqual(["1.0 s", "11.0 s"]);
  } finally {
    jest.useRealTimers();
  }
});
