/**
 * Where no cut helps the whole thread is ended, as an equal of the cut: the blame goes where it belongs, if that can be told
 * (core/SEMANTICS.md, S8.5). Real threads and real time; on main no turn is cut, so placements do not matter here.
 */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type ExitReason, type RefData, startSystem } from "../../../index.ts";
import { bystander, runaway } from "../../fixtures/runaway.ts";
import { NamedPipe } from "../../support/named-pipe.ts";
import { packageRoot } from "../../support/package-root.ts";
import { runProgram } from "../../support/run-program.ts";

const there = { placement: { thread: 1 } } as const;
const limitMs = 200;
/** The culprit alone has the short limit: on a busy machine a thread may well stand still for so long. */
const limited = { ...there, turnLimitMs: limitMs } as const;

type System = Awaited<ReturnType<typeof startSystem>>;
async function endOf(system: System, ref: RefData): Promise<ExitReason> {
  return (await (await system.monitor(ref)).down).reason;
}

test.concurrent("native code that does not come back costs its thread: the culprit has the blame, a spare takes the place", async () => {
  await using system = await startSystem({ threads: 1, turnLimitMs: 10_000 });
  using pipe = new NamedPipe();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(runaway, undefined, limited);
  const ends = [endOf(system, neighbour), endOf(system, ref)];
  ref.call("read", pipe.path).catch(() => undefined);
  await pipe.isRead();
  const [other, culprit] = await Promise.all(ends);
  expect(culprit).toEqual({ turnLimit: limitMs });
  expect(other).toEqual({ threadLost: "did not answer" });
  const again = await system.spawn(bystander, undefined, there);
  expect(await again.call("ping")).toBe("pong");
});

test.concurrent("a kill of an actor in native code ends its thread, and it ends killed", async () => {
  await using system = await startSystem({ threads: 1, turnLimitMs: Number.POSITIVE_INFINITY });
  using pipe = new NamedPipe();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(runaway, undefined, there);
  const ends = [endOf(system, neighbour), endOf(system, ref)];
  ref.call("read", pipe.path).catch(() => undefined);
  await pipe.isRead();
  await expect(neighbour.call("ping", undefined, { timeoutMs: limitMs })).rejects.toMatchObject({ code: "timeout" });
  system.exit(ref, "kill");
  expect(await Promise.all(ends)).toEqual([{ threadLost: "did not answer" }, "killed"]);
});

test.concurrent("native code behind an await costs its thread as well; whose it was cannot be told", async () => {
  await using system = await startSystem({ threads: 1, turnLimitMs: 10_000 });
  using pipe = new NamedPipe();
  const ref = await system.spawn(runaway, undefined, limited);
  const end = endOf(system, ref);
  ref.call("readAfterAwait", pipe.path).catch(() => undefined);
  await pipe.isRead();
  expect(await end).toEqual({ threadLost: "did not answer" });
  const again = await system.spawn(bystander, undefined, there);
  expect(await again.call("ping")).toBe("pong");
});

test.concurrent("where the inspector is refused every thread that is held is ended as a whole, and that is said; who waits is not held", async () => {
  const budget = 'budget: {"initMs":100}';
  const ends = `turnLimit threadLost\npong\nturnLimit: 200\nslept\n${budget}\n${budget}\n`;
  const { code, stdout } = await runRefused("refused-inspector");
  expect([code, stdout.slice(0, 25), stdout.slice(stdout.indexOf("\n") + 1)]).toEqual([
    0,
    "the inspector is refused ",
    ends,
  ]);
});

async function runRefused(program: string) {
  const url = new URL(`dist/test/fixtures/programs/${program}.js`, `file://${join(packageRoot, "/")}`);
  return await runProgram(process.execPath, ["--permission", "--allow-fs-read=*", "--allow-worker", url.pathname]);
}
