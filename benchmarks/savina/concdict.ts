/** Concurrent dictionary: 20 workers read and write one actor's dictionary, ten writes in a hundred, each answer awaited. */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const workers = 20;
const writesOfHundred = 10;
/** Savina's: an eighth of the greatest whole number of 32 bits has room for all keys. */
const keys = 512;

type ToDictionary =
  | { readonly type: "write"; readonly from: Ref; readonly key: number; readonly value: number }
  | { readonly type: "read"; readonly from: Ref; readonly key: number }
  | { readonly type: "end" };

export const dictionary = part({
  init: () => new Map<number, number>(),
  receive(entries, message: ToDictionary, stage) {
    switch (message.type) {
      case "write":
        entries.set(message.key, message.value);
        stage.send(message.from, message.value);
        return;
      case "read":
        stage.send(message.from, entries.get(message.key) ?? message.key);
        return;
      case "end":
        stage.stop();
    }
  },
});

interface WorkerArgument {
  readonly owner: Ref;
  readonly dictionary: Ref;
  readonly number: number;
  readonly messages: number;
}

export const worker = part({
  init({ owner, dictionary: to, number, messages }: WorkerArgument, stage) {
    stage.send(stage.self, 0); // begins
    return { owner, to, random: chance(number), left: messages, answers: -1 };
  },
  receive(state, answer: number, stage) {
    // A key is its own value, whoever wrote it.
    if (answer >= 0 && answer < keys) state.answers += 1;
    if (state.left === 0) {
      stage.send(state.owner, state.answers);
      stage.stop();
      return;
    }
    state.left -= 1;
    const from = stage.self;
    const key = state.random.below(keys);
    const isWrite = state.random.below(100) < writesOfHundred;
    stage.send(
      state.to,
      (isWrite ? { type: "write", from, key, value: key } : { type: "read", from, key }) satisfies ToDictionary,
    );
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const messages = Math.max(1, Math.round(size / workers));
    const to = stage.spawn(dictionary, undefined);
    for (let number = 0; number < workers; number += 1)
      stage.spawn(worker, { owner: stage.self, dictionary: to, number, messages });
    return { owner, to, left: workers, sum: 0 };
  },
  receive(state, answers: number, stage) {
    state.sum += answers;
    state.left -= 1;
    if (state.left > 0) return;
    stage.send(state.to, { type: "end" } satisfies ToDictionary);
    stage.send(state.owner, state.sum);
    stage.stop();
  },
});

export const concdict: Play = {
  question: `${workers} actors read and write the dictionary of one, 10,000 times each`,
  operation: "access",
  size: workers * 10_000,
  expected: (size) => workers * Math.max(1, Math.round(size / workers)),
  first,
};
