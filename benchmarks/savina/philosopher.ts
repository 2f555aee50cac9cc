/** Dining philosophers: 20 of them ask one who has the forks, and ask again where one is taken. */
import type { Ref } from "../../index.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const philosophers = 20;

type ToArbitrator =
  | { readonly type: "hungry"; readonly from: Ref; readonly seat: number }
  | { readonly type: "done"; readonly seat: number }
  | { readonly type: "full"; readonly meals: number };
type ToPhilosopher = "start" | "eat" | "denied";

interface PhilosopherArgument {
  readonly arbitrator: Ref;
  readonly seat: number;
  readonly meals: number;
}

export const philosopher = part({
  init({ arbitrator, seat, meals }: PhilosopherArgument, stage) {
    stage.send(stage.self, "start" satisfies ToPhilosopher);
    return { arbitrator, seat, left: meals, meals: 0 };
  },
  receive(state, message: ToPhilosopher, stage) {
    if (message === "eat") {
      state.meals += 1;
      state.left -= 1;
      stage.send(state.arbitrator, { type: "done", seat: state.seat } satisfies ToArbitrator);
    }
    if (state.left > 0)
      stage.send(state.arbitrator, { type: "hungry", from: stage.self, seat: state.seat } satisfies ToArbitrator);
    else {
      stage.send(state.arbitrator, { type: "full", meals: state.meals } satisfies ToArbitrator);
      stage.stop();
    }
  },
});

/** The arbitrator. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const meals = Math.max(1, Math.round(size / philosophers));
    for (let seat = 0; seat < philosophers; seat += 1)
      stage.spawn(philosopher, { arbitrator: stage.self, seat, meals });
    return { owner, isTaken: new Array<boolean>(philosophers).fill(false), left: philosophers, meals: 0 };
  },
  receive(state, message: ToArbitrator, stage) {
    const { isTaken } = state;
    if (message.type === "full") {
      state.meals += message.meals;
      state.left -= 1;
      if (state.left > 0) return;
      stage.send(state.owner, state.meals);
      stage.stop();
      return;
    }
    const right = (message.seat + 1) % philosophers;
    if (message.type === "done") {
      isTaken[message.seat] = false;
      isTaken[right] = false;
      return;
    }
    const isFree = isTaken[message.seat] === false && isTaken[right] === false;
    if (isFree) {
      isTaken[message.seat] = true;
      isTaken[right] = true;
    }
    stage.send(message.from, (isFree ? "eat" : "denied") satisfies ToPhilosopher);
  },
});

export const philosopherPlay: Play = {
  question: `${philosophers} philosophers eat 10,000 times each`,
  operation: "meal",
  size: philosophers * 10_000,
  expected: (size) => philosophers * Math.max(1, Math.round(size / philosophers)),
  first,
};
