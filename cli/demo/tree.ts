/**
 * The demo's supervision tree: aggregators, injector, roster and crews of agents under one supervisor on main.
 *
 *     top (main) -- aggregator 0 ... 3 (main)
 *               +-- injector, roster (main)
 *               +-- crew 0 ... 15, spread over the threads -- agents, each beside its crew's supervisor
 *               +-- outside (main) -- agents, each in a process of its own
 *
 * A lost thread takes its crews and their agents with it; the top supervisor starts those crews again where there is room.
 * What is outside is started behind the rest: a process may be killed while it starts, which would fail the whole tree's start.
 * Those on main are not restarted, since what they knew would be gone: they are significant, so the tree ends.
 */
import { type ChildSpec, defineSupervisor, type SupervisorSetup } from "../../index.ts";
import { agent } from "./agent.ts";
import { aggregator } from "./aggregator.ts";
import { aggregatorName, capabilities, injectorName, rosterName } from "./conversation.ts";
import { injector } from "./injector.ts";
import { roster } from "./roster.ts";
import { processAgents } from "./work-plan.ts";

const crewsMax = 16;
export const aggregators = 4;

/**
 * The plan's faults must never use this up, however fast the machine: the demo shows recovery, and a supervisor that
 * gives up on purpose is not in it. The plan injects a few hundred faults in ten seconds; an agent that fails whenever it
 * is started, a bug of the demo's own, still reaches the limit within moments and ends the job.
 */
const restartLimit = { intensity: 20_000, periodMs: 10_000 };

interface CrewSetup {
  /** Number of its first agent. */
  readonly from: number;
  /** Number of the first agent that is not its own. */
  readonly to: number;
}

/** The agents of one share, on the thread of their supervisor. */
export const crew = defineSupervisor(
  ({ from, to }: CrewSetup) => ({
    strategy: "one_for_one",
    ...restartLimit,
    children: Array.from({ length: to - from }, (_, at) => ({
      id: from + at,
      start: [agent, { agent: from + at, capability: capabilities.onThread }] as const,
    })),
  }),
  { name: "crew" },
);

/** Heap of an agent's process. */
const heapMb = 64;

/** The agents that have a process each. */
export const outside = defineSupervisor(
  ({ from, to }: CrewSetup) => ({
    strategy: "one_for_one",
    ...restartLimit,
    children: Array.from({ length: to - from }, (_, at) => ({
      id: from + at,
      start: [agent, { agent: from + at, capability: capabilities.inProcess }] as const,
      isolation: "process" as const,
      heapMb,
      // Until it is killed it does what its task says, however long.
      turnLimitMs: Number.POSITIVE_INFINITY,
    })),
  }),
  { name: "outside" },
);

export interface TreeSetup {
  readonly agents: number;
  /** Of the whole corpus. */
  readonly slices: number;
}

/** The tree but for the agents with processes, for `system.supervise`. */
export function demoTree({ agents, slices }: TreeSetup): SupervisorSetup {
  const onThreads = agents - processAgents(agents);
  const crews = Math.min(crewsMax, onThreads);
  const onMain = { restart: "temporary", significant: true, placement: { thread: 0 } } as const;
  return {
    strategy: "one_for_one",
    ...restartLimit,
    autoShutdown: "any_significant",
    children: [
      ...Array.from({ length: aggregators }, (_, number) => ({
        id: aggregatorName(number),
        name: aggregatorName(number),
        start: [aggregator, { aggregator: number, slices }] as const,
        ...onMain,
      })),
      { id: injectorName, name: injectorName, start: [injector], ...onMain },
      { id: rosterName, name: rosterName, start: [roster], ...onMain },
      ...Array.from({ length: crews }, (_, number) => ({
        id: `crew ${number}`,
        start: [crew, share(number, crews, onThreads)] as const,
        type: "supervisor" as const,
      })),
    ],
  };
}

/** The agents with processes, for the tree's `startChild`. */
export function outsideSpec({ agents }: { readonly agents: number }): ChildSpec {
  const setup: CrewSetup = { from: agents - processAgents(agents), to: agents };
  return { id: "outside", start: [outside, setup], type: "supervisor", placement: { thread: 0 } };
}

function share(number: number, crews: number, agents: number): CrewSetup {
  return { from: Math.floor((number * agents) / crews), to: Math.floor(((number + 1) * agents) / crews) };
}
