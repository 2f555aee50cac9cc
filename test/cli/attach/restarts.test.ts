/** How often a child was started again, as `mofa top` tells it. */
import { expect, test } from "@jest/globals";
import { Restarts } from "../../../cli/attach/restarts.ts";
import type { MofaSystem, RefData } from "../../../index.ts";

const actor = (slot: number): RefData => ({ node: "", thread: 1, slot, generation: 0 });

/** A child's first actor is 0, and each restart gives it the next one. */
function restarted(times: number): Restarts {
  let tell: (event: { former: RefData; ref: RefData }) => void = () => {};
  const on = (_type: string, listener: typeof tell) => {
    tell = listener;
    return () => {};
  };
  const restarts = new Restarts({ events: { on } } as unknown as Pick<MofaSystem, "events">);
  for (let n = 0; n < times; n++) tell({ former: actor(n), ref: actor(n + 1) });
  return restarts;
}

test("counts for the child, whichever actor it is", () => {
  const restarts = restarted(3);
  expect([restarts.of(actor(3)), restarts.of(actor(9))]).toEqual([3, 0]);
  expect(restarts.most(9)).toEqual([actor(3)]);
});

test("of a former actor is what it was in its time, since who looks may have seen that one", () => {
  const restarts = restarted(3);
  expect([0, 1, 2].map((slot) => restarts.of(actor(slot)))).toEqual([0, 1, 2]);
});
