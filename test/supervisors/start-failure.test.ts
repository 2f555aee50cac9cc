/** What `supervise` says when it fails. Not in every placement: sentences for people, made where the caller is. */
import { expect, test } from "@jest/globals";
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
  [{ children: [{ id: "a" }] }, "a child spec has a start, [behaviour, argument] (missing_start)"],
  [{ children: [{ id: 1, start: "a" }] }, 'start is [behaviour] or [behaviour, argument], got "a" (invalid_mfa)'],
  [
    { children: [{ id: 1, start: [failingServer], restart: "often" }] },
    'restart is "permanent", "transient" or "temporary", got "often" (invalid_restart_type)',
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
