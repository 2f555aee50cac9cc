/** Chameneos: 100 creatures meet by twos at a mall, which is full after so many meetings, and each goes away with the other's colour beside its own. */
import type { Ref } from "../../index.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const creatures = 100;
const colours = 3;

/** Two of one colour keep it, others take the third. */
const complement = (one: number, other: number): number => (one === other ? one : colours - one - other);

type ToCreature =
  | { readonly type: "meet"; readonly from: Ref; readonly colour: number }
  | { readonly type: "changed"; readonly colour: number }
  | { readonly type: "closed" };
type ToMall =
  | { readonly type: "meet"; readonly from: Ref; readonly colour: number }
  | { readonly type: "met"; readonly meetings: number };

export const creature = part({
  init({ mall, colour }: { readonly mall: Ref; readonly colour: number }, stage) {
    stage.send(mall, { type: "meet", from: stage.self, colour } satisfies ToMall);
    return { mall, colour, meetings: 0 };
  },
  receive(state, message: ToCreature, stage) {
    switch (message.type) {
      case "meet":
        state.colour = complement(state.colour, message.colour);
        state.meetings += 1;
        stage.send(message.from, { type: "changed", colour: state.colour } satisfies ToCreature);
        break;
      case "changed":
        state.colour = message.colour;
        state.meetings += 1;
        break;
      case "closed":
        stage.send(state.mall, { type: "met", meetings: state.meetings } satisfies ToMall);
        stage.stop();
        return;
    }
    stage.send(state.mall, { type: "meet", from: stage.self, colour: state.colour } satisfies ToMall);
  },
});

/** The mall. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    for (let number = 0; number < creatures; number += 1)
      stage.spawn(creature, { mall: stage.self, colour: number % colours });
    return { owner, meetingsLeft: size, waiting: undefined as Ref | undefined, left: creatures, meetings: 0 };
  },
  receive(state, message: ToMall, stage) {
    if (message.type === "met") {
      state.meetings += message.meetings;
      state.left -= 1;
      if (state.left > 0) return;
      stage.send(state.owner, state.meetings);
      stage.stop();
    } else if (state.meetingsLeft === 0) {
      stage.send(message.from, { type: "closed" } satisfies ToCreature);
      if (state.waiting !== undefined) stage.send(state.waiting, { type: "closed" } satisfies ToCreature);
      state.waiting = undefined;
    } else if (state.waiting === undefined) state.waiting = message.from;
    else {
      state.meetingsLeft -= 1;
      stage.send(state.waiting, message satisfies ToCreature);
      state.waiting = undefined;
    }
  },
});

export const chameneos: Play = {
  question: `${creatures} creatures meet by twos`,
  operation: "meeting",
  size: 200_000,
  /** Each of the two counts it. */
  expected: (size) => 2 * size,
  first,
};
