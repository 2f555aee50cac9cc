/** The features whose cost `costs.ts` asks for, by name: each by an option or a verb that any program may use. */
import type { Feature } from "./rally.ts";

const declared = "playing ping-pong";
const watched = { watchdog: true, turnLimitMs: 60_000 };

export const features = {
  /** Children of a supervisor, as most actors are. */
  supervised: { isSupervised: true },
  /** What it does and how busy it is stands in shared memory, for `find`. */
  declared: {
    actor: { declaration: { capabilities: [{ name: declared, version: "1.0.0" }] } },
    async attach({ system }) {
      return async () => {
        const found = system.find({ capability: declared }).length;
        if (found !== 2) throw new Error(`${found} actors were found by what they declare, and 2 play`);
      };
    },
  },
  /** Somebody looks at who is busy, as `mofa top` does: turns and time of each actor are counted. */
  counted: {
    async attach({ system, ping, pong }) {
      const activity = system.activity();
      const look = () => activity.read({ of: [ping, pong] });
      await look();
      return async (trips) => {
        const turns = (await look()).actors.reduce((sum, actor) => sum + actor.turns, 0);
        if (turns < 2 * trips) throw new Error(`${turns} turns were counted in ${trips} round trips`);
      };
    },
  },
  /** The watchdog thread is there, and reads whose turn it is. */
  watchdog: { system: watched },
  /** Each of the two has a limit of its own. */
  "turn limit": { system: watched, actor: { turnLimitMs: 30_000 } },
  budget: { actor: { budget: { mailbox: 1_000, openTasks: 1_000, initMs: 60_000, terminateMs: 60_000 } } },
  monitored: {
    async attach({ system, ping, pong }) {
      await Promise.all([ping, pong].map((ref) => system.monitor(ref)));
    },
  },
  /** Somebody listens to all events; a message makes none. */
  heard: {
    async attach({ system }) {
      system.events.on("*", () => {});
    },
  },
  /** Messages are frozen. */
  checks: { system: { checks: true } },
  /** Both handlers are `async`: their turns have an async context, by which what they leave behind is told to be theirs. */
  async: { isAsync: true },
  /** Each message is told as two events, received and sent, with ids that say which led to which. */
  traced: {
    async attach({ system, ping, pong }) {
      let heard = Promise.withResolvers<void>();
      system.events.on("trace", () => heard.resolve());
      for (const ref of [ping, pong]) await system.trace(ref, true);
      return async () => {
        await heard.promise;
        heard = Promise.withResolvers();
      };
    },
  },
} satisfies Readonly<Record<string, Feature>>;

export type FeatureName = keyof typeof features;
