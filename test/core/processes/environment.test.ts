/** Real processes: what an actor's process gets of this one, and which options are refused (core/SEMANTICS.md, S9.6). */
import { expect, test } from "@jest/globals";
import type { SpawnOptions } from "../../../index.ts";
import { doer } from "../../fixtures/process-tests.ts";
import { spawnDoer } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });

test("S9.6: the environment is empty unless one is granted, and then it is that one", async () => {
  process.env["SECRET"] = "of this process";
  const system = shared();
  const [bare, granted] = await Promise.all([
    spawnDoer(system),
    spawnDoer(system, { env: { GRANTED: "yes", EMPTY: "", "with space": "ä ✓" } }),
  ]);
  delete process.env["SECRET"];
  expect(await bare.call("env")).toEqual({});
  expect(await granted.call("env")).toEqual({ GRANTED: "yes", EMPTY: "", "with space": "ä ✓" });
});

test("S9.6: heapMb is the heap of the process, a fraction of a MiB is left out", async () => {
  const ref = await spawnDoer(shared(), { heapMb: 48.5 });
  expect(await ref.call("heapMb")).toBe(48);
});

const bad: readonly (readonly [unknown, RegExp])[] = [
  [{ isolation: "processes" }, /isolation is "shared", "thread" or "process", got "processes"/],
  [{ isolation: "process", placement: "spread" }, /placement is not for isolation "process"/],
  [{ isolation: "process", heapMb: 15 }, /heapMb is a number of MiB from 16, got 15/],
  [{ isolation: "process", heapMb: Number.POSITIVE_INFINITY }, /heapMb is a number of MiB from 16, got Infinity/],
  [{ isolation: "process", heapMb: Number.NaN }, /heapMb is a number of MiB from 16, got NaN/],
  [{ isolation: "process", heapMb: "64" }, /heapMb is a number of MiB from 16, got "64"/],
  [{ isolation: "process", env: "PATH" }, /env is an object of texts by name, got "PATH"/],
  [{ isolation: "process", env: { A: 1 } }, /env is an object of texts by name/],
  [{ isolation: "process", env: { "A=B": "1" } }, /env is an object of texts by name/],
  [{ isolation: "process", env: { A: "nul\0" } }, /env is an object of texts by name/],
  [{ isolation: "process", env: ["A"] }, /env is an object of texts by name/],
  [{ isolation: "thread", env: { A: "1" } }, /env is only of isolation "process"/],
  [{ env: {} }, /env is only of isolation "process"/],
  [{ heapMb: 64 }, /heapMb is only of isolation "thread" or "process"/],
];

test.each(bad)(
  "S9.6: options that a process cannot have are refused where they are given: %j",
  async (options, message) => {
    const system = shared();
    const before = system.processes().length;
    await expect(system.spawn(doer, undefined, options as SpawnOptions)).rejects.toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(message) as unknown,
    });
    expect(system.processes().length).toBe(before);
  },
);

test.each([
  [{ isolation: "process", env: { A: 1 } }, "invalid_option"],
  [{ isolation: "process", heapMb: 1 }, "invalid_option"],
  [{ isolation: "process", heapMb: Number.POSITIVE_INFINITY }, "invalid_option"],
  [{ isolation: "proces" }, "invalid_option"],
  [{ isolation: "process", placement: { thread: 0 } }, "bad_combination"],
  [{ isolation: "thread", env: {} }, "bad_combination"],
  [{ env: {} }, "bad_combination"],
])("S9.6: so does a child spec: %j", async (options, word) => {
  const child = { id: "child", start: [doer], ...options };
  await expect(shared().supervise({ children: [child] } as never)).rejects.toMatchObject({
    message: expect.stringContaining(word) as unknown,
  });
});
