/** Real threads: what fails in a turn that is cut down before it can be caught (core/SEMANTICS.md, S8). */
import { expect, test } from "@jest/globals";
import { refKey } from "../../../index.ts";
import { runaway } from "../../fixtures/runaway.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ threads: 1, spare: false, clock: "system" });
const there = { placement: { thread: 1 } } as const;

test("is no reason beside the kill", async () => {
  const ref = await system().spawn(runaway, undefined, { ...there, turnLimitMs: Number.POSITIVE_INFINITY });
  const { down } = await system().monitor(ref);
  ref.call("failAndLoop", undefined, { timeoutMs: Number.POSITIVE_INFINITY }).catch(() => undefined);
  const holds = () =>
    system()
      .remaining()
      .turns.some((turn) => refKey(turn.ref) === refKey(ref));
  while (!holds()) await new Promise(setImmediate);
  system().exit(ref, "kill");
  expect((await down).reason).toBe("killed");
});

test("is no reason beside the limit of the turn", async () => {
  const ref = await system().spawn(runaway, undefined, { ...there, turnLimitMs: 100 });
  const { down } = await system().monitor(ref);
  ref.call("failAndLoop", undefined, { timeoutMs: Number.POSITIVE_INFINITY }).catch(() => undefined);
  expect((await down).reason).toEqual({ turnLimit: 100 });
});
