/**
 * The ground on which the scheduler stands, in small numbers; `stress/kill/run.js` runs the full ones.
 * No placements: the experiments bring a kernel and threads of their own.
 */
import { expect, test } from "@jest/globals";
import { breathing } from "./stress/kill/breathing.ts";
import { cutInKernel } from "./stress/kill/cut-in-kernel.ts";
import type { ExperimentRecord } from "./stress/kill/experiment-record.ts";
import { demandsTakenOut, killAmongNeighbours } from "./stress/kill/neighbours.ts";
import { sharedPromise } from "./stress/kill/shared-promise.ts";

const seed = 20_261_124;

/** The whole record is shown when an expectation does not hold. */
function expectOk(record: ExperimentRecord): void {
  expect(record.ok ? "ok" : JSON.stringify(record)).toBe("ok");
}

test("a runaway turn is ended among 195 busy neighbours and nobody else loses anything uncounted", async () => {
  const record = await killAmongNeighbours({ kills: 100, seed });
  expectOk(record);
  expect(record).toMatchObject({ broken: 0 });
}, 30_000);

test("a cut never tears a straight line of writes, and does tear writes around a call", async () => {
  expectOk(await cutInKernel({ kills: 120, seed }));
}, 30_000);

test("neighbours hang when the hold flag or the record of the checkpoint is taken out", async () => {
  expectOk(await demandsTakenOut({ kills: 20, seed }));
}, 30_000);

test("actors whose continuations a kill dropped end within their grace, and those that wait for others live", async () => {
  expectOk(await sharedPromise({ kills: 6, seed }));
}, 30_000);

test("timers and files get their turns beside a busy drain, and starve under naive posting", async () => {
  expectOk(await breathing({ kills: 0, seed }));
}, 30_000);
