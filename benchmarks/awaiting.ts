/** Ping-pong with handlers that are `async`: with nothing to await, or with an `await` in every turn. */
import { defineActor, type Ref } from "../index.ts";
import { answerPing, asyncPing, asyncPong, type Ping, playPing, startRally, type ToPing } from "./behaviours.ts";
import { type Driver, pairsDriver } from "./drivers.ts";
import { pairsAtOnce } from "./peers/scenario.ts";

/** What it gives is settled at once; a turn that awaits it stays open to the next microtask all the same. */
const nothing = async (): Promise<void> => {};

export const awaitingPong = defineActor({
  async receive(state: undefined, message: Ping, ctx) {
    await nothing();
    answerPing(state, message, ctx);
  },
});

export const awaitingPing = defineActor({
  init: (far: Ref) => startRally(far),
  async receive(state, message: ToPing, ctx) {
    await nothing();
    playPing(state, message, ctx);
  },
});

export const asyncPairDriver: Driver = pairsDriver(1, asyncPing, asyncPong);
export const asyncPairsDriver: Driver = pairsDriver(pairsAtOnce, asyncPing, asyncPong);
export const awaitingPairDriver: Driver = pairsDriver(1, awaitingPing, awaitingPong);
export const awaitingPairsDriver: Driver = pairsDriver(pairsAtOnce, awaitingPing, awaitingPong);
