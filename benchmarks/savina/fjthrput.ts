/** Fork-join throughput: 60 actors, to whom one sends messages by turns; each does a little sum for each, and says when it has had all. */
import type { Ref } from "../../index.ts";
import { addUp, type Play, type PlayArgument, part } from "./part.ts";

const workers = 60;

/** As Savina's: it costs next to nothing, and something. */
function work(number: number): number {
  const sine = Math.sin(number);
  return sine * sine > 0 ? 1 : 0;
}

export const worker = part({
  init: ({ owner, messages }: { readonly owner: Ref; readonly messages: number }) => ({
    owner,
    left: messages,
    sum: 0,
  }),
  receive(state, message: number, stage) {
    state.sum += work(message);
    state.left -= 1;
    if (state.left > 0) return;
    stage.send(state.owner, state.sum);
    stage.stop();
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const messages = Math.max(1, Math.round(size / workers));
    const all = Array.from({ length: workers }, () => stage.spawn(worker, { owner: stage.self, messages }));
    for (let number = 1; number <= messages; number += 1) for (const one of all) stage.send(one, number);
    return { owner, left: workers, sum: 0 };
  },
  receive: addUp,
});

export const fjthrput: Play = {
  question: `one actor sends messages to ${workers} by turns, 10,000 to each`,
  operation: "message",
  size: workers * 10_000,
  expected: (size) => workers * Math.max(1, Math.round(size / workers)),
  first,
};
