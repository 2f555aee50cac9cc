/** Actors in processes, and how they end: what most tests of `test/core/processes` begin with. */
import { existsSync, readFileSync } from "node:fs";
import type { ExitReason, MofaSystem, Ref, RuntimeEvent, SpawnOptions } from "../../index.ts";
import { doer } from "../fixtures/process-tests.ts";

/** A busy machine takes its time to start a process. */
export const inProcess = { isolation: "process", startTimeoutMs: 60_000 } as const;

export type Doer = Awaited<ReturnType<typeof spawnDoer>>;

export async function spawnDoer(system: MofaSystem, options: SpawnOptions = {}) {
  return await system.spawn(doer, undefined, { ...inProcess, ...options });
}

/** Resolves with the reason of its end. Await it before the end is brought about. */
export async function watchEnd(system: MofaSystem, ref: Ref): Promise<{ readonly reason: Promise<ExitReason> }> {
  const { down } = await system.monitor(ref);
  return { reason: down.then(({ reason }) => reason) };
}

export function pidOf(system: MofaSystem, ref: Ref): number {
  const found = system.processes().find((process) => process.ref.slot === ref.slot);
  if (found === undefined) throw new Error("the actor has no process");
  return found.pid;
}

/** The code of a call's failure; an answer is no failure. */
export async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
  } catch (error) {
    return (error as { code?: string }).code;
  }
  throw new Error("the call was answered");
}

/** The next event of that type. */
export function next<T extends RuntimeEvent["type"]>(system: MofaSystem, type: T) {
  return new Promise<Extract<RuntimeEvent, { type: T }>>((resolve) => {
    const stop = system.events.on(type, (event) => {
      stop();
      resolve(event as Extract<RuntimeEvent, { type: T }>);
    });
  });
}

/** Whether the operating system has such a process, but for one that has ended and whose parent has not yet asked how. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const state = existsSync("/proc/self/stat") ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
    return !/\) Z /.test(state);
  } catch {
    return false;
  }
}

/** Resolves when the operating system has no such process any more: its end is no event of this one. */
export async function goneFromSystem(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise(setImmediate);
}
