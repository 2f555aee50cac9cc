/** The runtime with more and more actors, and with more and more threads. */
import { setTimeout as afterMs } from "node:timers/promises";
import { type SystemOptions, startSystem } from "../../index.ts";
import { crowdDriver, type Phase } from "../crowd.ts";
import { loadDriver } from "../drivers.ts";
import type { Contender } from "../harness.ts";
import { systemContender } from "./system-contender.ts";

const options: SystemOptions = { checks: false, spare: false, turnLimitMs: 60_000 };
const first = { placement: { thread: 1 } };
const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

interface CrowdOptions {
  /** How many live at once. */
  readonly actors: number;
  readonly timed: Phase;
  /** It does the question's lives divided by this. */
  readonly dividedBy: number;
}

const crowdName = (actors: number) => `${actors.toLocaleString("en-US")} actors`;

/** So many actors in one thread, and what happens to all of them. */
export function crowd({ actors, timed, dividedBy }: CrowdOptions): Contender {
  const start = async () => {
    const system = await startSystem({ ...options, threads: 1 });
    return { system, driver: await system.spawn(crowdDriver, { actors, timed, isWeighed: false }, first) };
  };
  const contender = systemContender(crowdName(actors), start, ({ driver }, lives) =>
    driver.call("play", lives, forEver),
  );
  return { ...contender, dividedBy };
}

/** Lives before those that are weighed, of small crowds that take no large tables: code that is compiled meanwhile is no actor's. */
const livesBefore = 2_000;
/** Soon after its start a thread loads some megabytes of Node's own (core/thread/warm-up.ts), which are no actor's either. */
const loadedMs = 500;
const actorsBefore = 100;

/** What so many hold, each time in a new system: tables that others have left large would be no part of it. */
export function weighedCrowd({ actors, dividedBy }: Omit<CrowdOptions, "timed">): Contender {
  const start = async () => {
    const system = await startSystem({ ...options, threads: 1 });
    const driver = await system.spawn(crowdDriver, { actors, timed: "spawn", isWeighed: true }, first);
    const before = { actors: actorsBefore, timed: "spawn", isWeighed: false } as const;
    await (await system.spawn(crowdDriver, before, first)).call("play", livesBefore, forEver);
    await driver.call("play", actorsBefore, forEver);
    await afterMs(loadedMs);
    return { system, driver };
  };
  const contender = systemContender(crowdName(actors), start, ({ driver }, lives) =>
    driver.call("play", lives, forEver),
  );
  return {
    ...contender,
    dividedBy,
    async run(size) {
      try {
        return await contender.run(size);
      } finally {
        await contender.close();
      }
    },
  };
}

/** A load that stays the same, on so many scheduler threads. @param between pairs of it that play between two threads */
export function load(threads: number, between: number): Contender {
  const start = async () => {
    const system = await startSystem({ ...options, threads });
    return { system, driver: await system.spawn(loadDriver, { threads, between }, first) };
  };
  return systemContender(threads === 1 ? "1 thread" : `${threads} threads`, start, ({ driver }, trips) =>
    driver.call("play", trips, forEver),
  );
}
