/** What differs from seed to seed, drawn from the seed itself, so that each run dwells on something else. */
import type { SeededRandom } from "../../core/random.ts";

/** What actors do in their turns, by weight. */
export const deedNames = [
  "send",
  "cast",
  "call",
  "reply",
  "large",
  "uncloneable",
  "spawn",
  "spawnLink",
  "spawnMonitor",
  "start",
  "link",
  "unlink",
  "tangle",
  "monitor",
  "demonitor",
  "exit",
  "exitSelf",
  "trapExit",
  "stop",
  "throw",
  "register",
  "unregister",
  "whereis",
  "sendName",
  "sendAfter",
  "sendEvery",
  "cancelTimer",
  "unstash",
  "burst",
  "ghost",
  "doom",
] as const;

/** Deeds of those runs that are about process groups as well, by weight. */
const groupWeights = { join: 10, leave: 6, members: 3, monitorGroup: 3, demonitorGroup: 1 } as const;
export type DeedName = (typeof deedNames)[number] | keyof typeof groupWeights;

export interface Plan {
  readonly threads: number;
  /** Deeds in the whole run. */
  readonly deeds: number;
  /** Actors that may be made. */
  readonly playersMax: number;
  /** Messages from outside that make actors do something. */
  readonly pokes: number;
  /** Threads that may be lost. */
  readonly losses: number;
  /** Share of turns that are async. */
  readonly asyncShare: number;
  /** Share of actors with a small mailbox. */
  readonly boundedShare: number;
  readonly trapShare: number;
  /** Share of messages that are stashed at first. */
  readonly stashShare: number;
  readonly hasEvents: boolean;
  /** Names that actors contend for. */
  readonly names: readonly string[];
  /** Groups that actors join; none: the run is not about groups. */
  readonly groups: readonly string[];
  readonly deedList: readonly DeedName[];
}

const weights: Record<(typeof deedNames)[number], number> = {
  send: 10,
  cast: 5,
  call: 6,
  reply: 4,
  large: 1,
  uncloneable: 1,
  spawn: 2,
  spawnLink: 2,
  spawnMonitor: 2,
  start: 2,
  link: 4,
  unlink: 3,
  tangle: 3,
  monitor: 4,
  demonitor: 2,
  exit: 3,
  exitSelf: 1,
  trapExit: 1,
  stop: 1,
  throw: 1,
  register: 3,
  unregister: 1,
  whereis: 1,
  sendName: 2,
  sendAfter: 2,
  sendEvery: 1,
  cancelTimer: 1,
  unstash: 2,
  burst: 1,
  ghost: 1,
  doom: 0,
};

/** Groups that a run may dwell on: their weights are multiplied. */
const themes: readonly (readonly DeedName[])[] = [
  ["link", "unlink", "tangle", "exit", "spawnLink"],
  ["monitor", "demonitor", "exit", "stop", "spawnMonitor"],
  ["register", "unregister", "sendName", "exit", "whereis"],
  ["call", "reply", "stop", "throw", "exit"],
  ["burst", "send", "large", "unstash"],
  ["sendAfter", "cancelTimer", "sendEvery", "stop"],
  ["spawn", "start", "throw", "stop"],
  [],
];
const themeFactor = 6;

/** Which seeds are about groups. The others draw what they drew before there were groups: so kept seeds stay what they are. */
const groupSeeds = { of: 7, from: 3, to: 5 } as const;

export function drawPlan(seed: number, random: SeededRandom): Plan {
  const hasGroups = seed % groupSeeds.of >= groupSeeds.from && seed % groupSeeds.of < groupSeeds.to;
  const threads = hasGroups ? 2 + random.below(3) : 1 + random.below(4);
  const hasLosses = threads > 1 && random.next() < (hasGroups ? 0.7 : 0.5);
  const losses = hasLosses ? 1 + random.below(hasGroups ? 4 : 2) : 0;
  const theme = random.pick(themes);
  // Few actors meet more often: two that link and unlink at once, or one name for all.
  const isDense = random.next() < 0.3;
  const deedList: DeedName[] = [];
  for (const name of deedNames) {
    const weight = weights[name] * (theme.includes(name) ? themeFactor : 1);
    for (let i = 0; i < weight; i++) deedList.push(name);
  }
  if (losses > 0) deedList.push("doom");
  const groups = hasGroups ? ["g", "h", "i"].slice(0, 1 + random.below(3)) : [];
  if (hasGroups) {
    const factor = random.pick([1, themeFactor]);
    for (const [name, weight] of Object.entries(groupWeights) as [keyof typeof groupWeights, number][])
      for (let i = 0; i < weight * factor; i++) deedList.push(name);
  }
  return {
    threads,
    deeds: 40 + random.below(120),
    playersMax: isDense ? 3 + random.below(2) : 4 + random.below(14),
    pokes: 10 + random.below(30),
    losses,
    asyncShare: random.pick([0, 0.1, 0.4]),
    boundedShare: random.pick([0, 0.3, 0.8]),
    trapShare: random.pick([0.1, 0.5]),
    stashShare: random.pick([0, 0.03, 0.2]),
    hasEvents: random.next() < 0.1,
    names: ["a", "b", "c"].slice(0, 1 + random.below(3)),
    groups,
    deedList,
  };
}
