/** What `supervise` says when it fails. Not in every placement: sentences for people, made where the caller is. */
import { expect, test } from "@jest/globals";
import { refKey } from "../../index.ts";
import type { SupervisorSetup } from "../../supervisors/index.ts";
import { failingServer } from "../fixtures/failing-server.ts";
import { puppet } from "../fixtures/puppet.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem({ threads: 1 });

const thrower = [puppet, { init: [["throw", "out of paper"]] }];

test.each<[setup: unknown, text: string]>([
  [
    {
      children: [
        { id: "a", start: [puppet] },
        { id: "b", start: thrower },
      ],
    },
    'child "b" did not start: error: out of paper',
  ],
  [{ children: [{ id: "a" }] }, 'child "a": a child spec has a start, [behaviour, argument] (missing_start)'],
  [
    { children: [{ id: 1, start: "a" }] },
    'child 1: start is [behaviour] or [behaviour, argument], got "a" (invalid_mfa)',
  ],
  [
    { children: [{ id: 1, start: failingServer }] },
    "child 1: start is [behaviour] or [behaviour, argument], got behaviour (invalid_mfa)",
  ],
  [
    { children: [{ id: "a", start: [puppet] }, { start: [puppet] }] },
    "children[1]: a child spec has an id (missing_id)",
  ],
  [
    { children: [{ id: 1, start: [puppet], name: "a", mailboxPolicy: "drop" }] },
    'child 1: mailboxPolicy is reject, dropOldest, dropNewest, wait, got "drop" (invalid_option)',
  ],
  [
    { children: [{ id: 1, start: [puppet], budget: { tasks: 1 } }] },
    'child 1: budget is an object with mailbox, openTasks, initMs, terminateMs, each from 1, got {"tasks":1} (invalid_option)',
  ],
  [
    { children: [{ id: 1, start: [puppet], backoff: { minMs: 1 } }] },
    'child 1: backoff is { initialMs, maxMs, factor, jitter, resetAfterMs }, initialMs at most maxMs, got {"minMs":1} (invalid_backoff)',
  ],
  [
    { children: [{ id: 1, start: [failingServer], restart: "often" }] },
    'child 1: restart is "permanent", "transient" or "temporary", got "often" (invalid_restart_type)',
  ],
  [{ intensity: -1 }, "intensity is a whole number from 0, got -1 (invalid_intensity)"],
  [{ children: "a" }, 'children are a list of child specs, of a template exactly one, got "a" (bad_start_spec)'],
])("%j: %s", async (setup, text) => {
  await expect(system().supervise(setup as SupervisorSetup)).rejects.toMatchObject({
    code: "start_failed",
    message: `supervise: ${text}`,
    cause: expect.anything(),
  });
});

test("a child whose name is taken: who has it", async () => {
  const holder = await system().spawn(puppet, undefined, { name: "taken" });
  const start = system().supervise({ children: [{ id: "a", start: [puppet], name: "taken" }] });
  await expect(start).rejects.toThrow(`supervise: child "a" did not start: its name is held by <${refKey(holder)}>`);
});
