/** Real processes: what they print waits for the streams of this one (core/SEMANTICS.md, S9.6). */
import { afterEach, expect, jest, test } from "@jest/globals";
import { spawnDoer } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });
const bytes = 1_000_000;

afterEach(() => void jest.restoreAllMocks());

test.each(["stdout", "stderr"] as const)(
  "S9.6: a process that prints a lot to %s waits for each room",
  async (name) => {
    let taken = 0;
    let sinceDrain = 0;
    let most = 0;
    const { promise: all, resolve } = Promise.withResolvers<void>();
    jest.spyOn(process[name], "write").mockImplementation((piece) => {
      taken += piece.length;
      most = Math.max(most, ++sinceDrain);
      if (taken >= bytes) resolve();
      // Room comes late: whatever the process had ready by then would have been taken.
      setImmediate(() => {
        sinceDrain = 0;
        process[name].emit("drain");
      });
      return false;
    });
    const ref = await spawnDoer(shared());
    const load = "x".repeat(bytes);
    await ref.call("write", name === "stdout" ? { out: load, error: "" } : { out: "", error: load });
    await all;
    expect(most).toBe(1);
  },
);
