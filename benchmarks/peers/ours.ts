/** The runtime itself as a contender: one system for each question, its driver on the first scheduler. */
import { startSystem } from "../../index.ts";
import * as awaiting from "../awaiting.ts";
import * as drivers from "../drivers.ts";
import * as fanOut from "../fan-out.ts";
import type { Contender } from "../harness.ts";
import { startChildDriver } from "../idling.ts";
import * as restarting from "../restarting.ts";
import * as restless from "../restless.ts";
import * as streaming from "../streaming.ts";
import type { ScenarioName } from "./scenario.ts";
import { systemContender } from "./system-contender.ts";

/** The name that stands in tables. */
export const ourName = "mofa";

/** What plays each scenario; the batched ones are for contenders that batch by hand. */
const driverOf = {
  pingpong: drivers.pingpongDriver,
  threadring: drivers.threadringDriver,
  "count-flood": drivers.countFloodDriver,
  "count-windows": drivers.countWindowsDriver,
  spawn: drivers.spawnDriver,
  call: drivers.callDriver,
  "async-pair": awaiting.asyncPairDriver,
  "async-pairs": awaiting.asyncPairsDriver,
  "await-pair": awaiting.awaitingPairDriver,
  "await-pairs": awaiting.awaitingPairsDriver,
  "round-trip": drivers.roundTripDriver,
  pairs: drivers.syncPairsDriver,
  "one-way": drivers.oneWayDriver,
  objects: drivers.objectsDriver,
  "publish-1": fanOut.publish1Driver,
  "publish-100": fanOut.publish100Driver,
  "publish-10000": fanOut.publish10000Driver,
  "send-1": fanOut.send1Driver,
  "send-100": fanOut.send100Driver,
  "send-10000": fanOut.send10000Driver,
  stream: streaming.streamDriver,
  "stream-by-send": streaming.sendStreamDriver,
  request: streaming.requestDriver,
  "restart-storm": restarting.stormDriver,
  "crash-to-answer": restarting.crashDriver,
  "start-child": startChildDriver,
  fairness: restless.fairnessDriver,
  "call-alone": restless.callAloneDriver,
  "call-beside-pairs": restless.callBesidePairsDriver,
  "call-beside-flood": restless.callBesideFloodDriver,
  whereis: drivers.whereisDriver,
  "is-alive": drivers.isAliveDriver,
  "members-1": drivers.members1Driver,
  "members-100": drivers.members100Driver,
  "members-10000": drivers.members10000Driver,
  "find-1": drivers.find1Driver,
  "find-100": drivers.find100Driver,
} satisfies Partial<Record<ScenarioName, drivers.Driver>>;

export type OurScenario = keyof typeof driverOf;

export interface OursOptions {
  /** In the table, where the runtime stands there twice. Default: its own name. */
  readonly name?: string;
  readonly scenario: OurScenario;
  /** Scheduler threads. With 1 a driver's partners are beside it, with 2 they are on the other. */
  readonly threads: 1 | 2;
  /** Somebody listens to all events. Default false. */
  readonly hearsEvents?: boolean;
}

export function ours({ name, scenario, threads, hearsEvents = false }: OursOptions): Contender {
  const start = async () => {
    // Freezing guards programs against themselves; here the question is what a message costs (README.md, Method).
    // What is slow is the machine: no turn is cut down.
    const system = await startSystem({ threads, checks: false, turnLimitMs: 60_000 });
    if (hearsEvents) system.events.on("*", () => {});
    const driver = await system.spawn(driverOf[scenario], { partnersThread: threads }, { placement: { thread: 1 } });
    return { system, driver };
  };
  return systemContender(name ?? ourName, start, ({ driver }, size) =>
    driver.call("play", size, { timeoutMs: Number.POSITIVE_INFINITY }),
  );
}
