/**
 * One system for the tests of a file, since a thread costs more to start than a test costs to run. Its clock is manual.
 *
 * When the file is done the system must stop, and nothing may have gone wrong in it that belongs to no actor.
 */
import { afterAll, beforeAll, expect } from "@jest/globals";
import { type MofaSystem, type SystemOptions, startSystem } from "../../index.ts";
import { EventRecorder } from "../../testing/index.ts";

/** Where the default would cost more or tell less. */
const quiet: SystemOptions = {
  threads: 2,
  clock: "manual",
  checks: true,
  seed: 1,
  // No thread is lost in most files, and one that stands by costs as much as one that works.
  spare: false,
  // A loaded machine must not cut down turns that a test does not mean.
  turnLimitMs: 30_000,
};

/** Started before the first test of the file (or of the `describe` it is called in) and stopped after its last. */
export function useSystem(options: SystemOptions = {}): () => MofaSystem {
  let system: MofaSystem | undefined;
  let strays: EventRecorder | undefined;
  beforeAll(async () => {
    system = await startSystem({ ...quiet, ...options });
    strays = new EventRecorder(system, ["unattributedError"]);
  });
  afterAll(async () => {
    await system?.stop();
    expect(strays?.events).toEqual([]);
  });
  return () => {
    if (system === undefined)
      throw new Error("the system is started before the first test, not while tests are described");
    return system;
  };
}
