/** Two actors that play ping-pong in one thread, with features of the runtime that either may have, and the one who starts them. */
import {
  type ChildSpec,
  defineServer,
  type MofaSystem,
  type Ref,
  type SpawnOptions,
  type SystemOptions,
  startSystem,
} from "../index.ts";
import { asyncPing, asyncPong, type Finished, ping, pong } from "./behaviours.ts";
import { type Answer, current, Play } from "./drivers.ts";

/** What a system, or each of the two, has beside what carries a message. */
export interface Feature {
  /** Beside the options of the bare system. */
  readonly system?: SystemOptions;
  /** Of both. */
  readonly actor?: Pick<SpawnOptions, "budget" | "declaration" | "turnLimitMs">;
  /** They are children of a supervisor in their thread, and linked to it. */
  readonly isSupervised?: true;
  /** Their handlers are `async`. */
  readonly isAsync?: true;
  /** Switches on what is switched on from outside. */
  attach?(pair: Pair): Promise<Check | void>;
}

/** Called behind each play of so many trips. @throws Error if the feature was not at work in it. */
type Check = (trips: number) => Promise<void>;

export interface Pair {
  readonly system: MofaSystem;
  readonly ping: Ref;
  readonly pong: Ref;
}

/** No feature, as far as options go. One that stands by costs a message nothing, and would only take memory. */
const bareSystem: SystemOptions = { threads: 1, checks: false, watchdog: false, spare: false };
const thread = { thread: 1 };

/** Has one play at a time. */
export const referee = defineServer({
  init: (player: Ref) => ({ player, play: undefined as Play | undefined }),
  calls: {
    play(state, trips: number, ctx): Answer {
      state.play = new Play(trips, ctx);
      ctx.send(state.player, { type: "start", from: ctx.self, trips });
      return ctx.noReply;
    },
  },
  info(state, message, ctx) {
    const play = current(state.play);
    play.answer(ctx, { result: (message as Finished).count, elapsedMs: play.elapsedMs() }); // only this is sent to it
  },
});

/** A system with two players and a referee, all on its first thread. */
export async function startRally(features: readonly Feature[]) {
  const options: SystemOptions = Object.assign({}, bareSystem, ...features.map(({ system }) => system));
  const system = await startSystem(options);
  const pair = await startPair(system, features);
  const whistle = await system.spawn(referee, pair.ping, { placement: thread });
  const checks: (Check | void)[] = [];
  for (const { attach } of features) checks.push(await attach?.(pair));
  return {
    ...pair,
    async play(trips: number) {
      const repetition = await whistle.call("play", trips, { timeoutMs: Number.POSITIVE_INFINITY });
      for (const check of checks) await check?.(trips);
      return repetition;
    },
  };
}

async function startPair(system: MofaSystem, features: readonly Feature[]): Promise<Pair> {
  const isAsync = features.some((feature) => feature.isAsync);
  const options: SpawnOptions = Object.assign({ placement: thread }, ...features.map(({ actor }) => actor));
  if (!features.some(({ isSupervised }) => isSupervised)) {
    const far = await system.spawn(isAsync ? asyncPong : pong, undefined, options);
    return { system, ping: await system.spawn(isAsync ? asyncPing : ping, far, options), pong: far };
  }
  const supervisor = await system.supervise({ children: [] }, { placement: thread });
  const started = async (id: string, start: ChildSpec["start"]): Promise<Ref> => {
    const outcome = await supervisor.startChild({ ...options, id, start });
    if (!outcome.ok || outcome.ref === undefined) throw new Error(`${id} did not start: ${JSON.stringify(outcome)}`);
    return outcome.ref;
  };
  const far = await started("pong", [isAsync ? asyncPong : pong]);
  return { system, ping: await started("ping", [isAsync ? asyncPing : ping, far]), pong: far };
}
