/** Cigarette smokers: an arbiter lets one of 200 smoke, who says that it has begun, and smokes for a moment. */
import type { SeededRandom } from "../../core/index.ts";
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { busyFor, type Play, type PlayArgument, part, type Stage } from "./part.ts";

const smokers = 200;
const busyMax = 1_000;

type ToSmoker = { readonly type: "smoke"; readonly busy: number } | { readonly type: "end" };

export const smoker = part({
  init: (arbiter: Ref) => ({ arbiter, value: 0 }),
  receive(state, message: ToSmoker, stage) {
    if (message.type === "end") return stage.stop();
    stage.send(state.arbiter, "started");
    state.value += busyFor(message.busy);
  },
});

/** The arbiter. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const all = Array.from({ length: smokers }, () => stage.spawn(smoker, stage.self));
    const state = { owner, all, random: chance(size), left: size, rounds: 0 };
    letSmoke(state, stage);
    return state;
  },
  receive(state, _message: "started", stage) {
    state.rounds += 1;
    if (state.left > 0) return letSmoke(state, stage);
    for (const one of state.all) stage.send(one, { type: "end" } satisfies ToSmoker);
    stage.send(state.owner, state.rounds);
    stage.stop();
  },
});

interface Arbiter {
  readonly all: readonly Ref[];
  readonly random: SeededRandom;
  left: number;
}

function letSmoke(state: Arbiter, stage: Stage): void {
  state.left -= 1;
  stage.send(state.random.pick(state.all), {
    type: "smoke",
    busy: state.random.below(busyMax) + 10,
  } satisfies ToSmoker);
}

export const cigsmok: Play = {
  question: `an arbiter lets one of ${smokers} smokers smoke, a thousand times`,
  operation: "round",
  size: 1_000,
  expected: (size) => size,
  first,
};
