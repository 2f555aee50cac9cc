/** The tree of the test kit, used as its page shows it: on main, where its children live. Semantics: Erlang/OTP, supervisor, "Restart Strategies". */
import { expect, test } from "@jest/globals";
import { startTree } from "../../testing/start-tree.ts";

test("rest_for_one restarts the failed child and those started after it", async () => {
  await using tree = await startTree({ strategy: "rest_for_one", children: ["store", "index", "agent"] });

  tree.crash("index", new Error("disk full"));
  await tree.settled();

  expect(tree.events()).toEqual([
    "index failed: disk full",
    "agent stopped: shutdown", // the rest stop in reverse start order
    "index started",
    "agent started",
  ]);
});

test("a second failure within the period stops the whole tree", async () => {
  await using tree = await startTree({ intensity: 1, periodMs: 5_000, children: ["store"] });
  await tree.crashAndSettle("store");
  await tree.clock.advance(5_000);
  await tree.crashAndSettle("store");
  expect(await tree.exitReason()).toBe("shutdown"); // reported as reached_max_restart_intensity
});

test("a millisecond past the period the first failure is forgotten", async () => {
  await using tree = await startTree({ intensity: 1, periodMs: 5_000, children: ["store"] });
  await tree.crashAndSettle("store");
  await tree.clock.advance(5_001);
  await tree.crashAndSettle("store");
  expect(tree.events()).toEqual(["store failed: crashed", "store started", "store failed: crashed", "store started"]);
  await expect(tree.exitReason()).rejects.toThrow("is not down");
});

test("children may be specified further, and the supervisor asked anything", async () => {
  await using tree = await startTree({ children: ["store", { id: "once", restart: "temporary" }] });
  await tree.crashAndSettle("once");
  expect(tree.events()).toEqual(["once failed: crashed"]);
  expect(await tree.supervisor.call("countChildren")).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
});

test("a tree that cannot start says why, and leaves nothing behind", async () => {
  await expect(startTree({ children: ["twice", "twice"] })).rejects.toMatchObject({
    code: "start_failed",
    cause: { start_spec: { code: "duplicate_child_name" } },
  });
});
