/**
 * Cuts in the middle of the kernel: actors that call one of its verbs without end are killed, or interrupted and live on, first in a thread where nothing
 * else happens, so that all it holds can be counted afterwards; then on two threads between which numbers cross, while a
 * supervisor in each restarts children that crash and actors are served over HTTP.
 *
 *     node dist/test/stress/cuts-in-verbs.js [kills of each verb] [seed]
 */
import { type Ref, SeededRandom, startSystem } from "../../index.ts";
import { type LoopStart, ledger, type Verb, verbLooper, verbs } from "../fixtures/verb-loops.ts";
import { VerbCuts } from "../support/cut-verbs.ts";
import { browser, counter, crasher, crosser } from "./behaviours/bystanders.ts";
import { check, progress, report } from "./stress-report.ts";

const kills = Number(process.argv[2] ?? 10);
const random = new SeededRandom(Number(process.argv[3] ?? 1));
const names = Object.keys(verbs) as Verb[];
const turnLimitMs = 30_000;
const forEver = { timeoutMs: 60_000 };

async function whole(): Promise<number> {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs });
  const cuts = await VerbCuts.start(system);
  for (const verb of names) {
    for (let n = 0; n < kills; n++) {
      const wrong = await cuts.kill(verb, random.below(2) === 1);
      wrong.push(...(await cuts.interrupt(verb, 2)));
      check(wrong.length === 0, wrong.join("\n"));
      progress(`${verb}: ${n} of ${kills} kills in silence`);
    }
  }
  const { cuts: count } = await system.stats();
  const end = JSON.stringify(await cuts.end());
  check(end === JSON.stringify({ why: "for a test", unread: 0, unsent: 0 }), `the thread had ${end}`);
  return count;
}

/** A tree on a thread, whose children crash again and again, and what has been started by it. */
async function busyTree(system: Awaited<ReturnType<typeof startSystem>>, thread: number) {
  const placement = { thread };
  const started = await system.spawn(counter, undefined, { placement: { thread: 0 } });
  const children = Array.from({ length: 5 }, (_, id) => ({ id, start: [crasher, started] as const, placement }));
  const tree = await system.supervise({ intensity: 1_000_000, children }, { placement });
  return { tree, started };
}

async function amongOthers() {
  await using system = await startSystem({ threads: 2, spare: false, turnLimitMs });
  const strays: unknown[] = [];
  system.events.on("unattributedError", (event) => strays.push(event));
  system.events.on("threadLost", ({ why }) => strays.push(`a thread was lost: ${why}`));
  system.events.on("crashed", ({ behaviour, reason }) => {
    if (behaviour === "crosser" || behaviour === "supervisor" || behaviour === "counter")
      strays.push({ behaviour, reason });
  });
  const both = [1, 2];
  const spawnBoth = async <T>(spawn: (thread: number) => Promise<T>) => await Promise.all(both.map(spawn));
  const pairs: Ref<never>[][] = [];
  for (let pair = 0; pair < 20; pair++) {
    const [one, other] = await spawnBoth((thread) => system.spawn(crosser, undefined, { placement: { thread } }));
    if (one === undefined || other === undefined) throw new Error("no pair");
    one.cast("ball", { number: 0, from: other });
    pairs.push([one, other] as unknown as Ref<never>[]);
  }
  const trees = await spawnBoth((thread) => busyTree(system, thread));
  const browsers = await system.superviseDynamic({ intensity: 1_000_000, child: { start: [browser] } });
  for (let n = 0; n < 4; n++) check((await browsers.startChild()).ok, "a browser did not start");
  const far = await system.spawn(ledger, undefined, { placement: { thread: 0 } });
  const nears = await spawnBoth((thread) => system.spawn(ledger, undefined, { placement: { thread } }));
  let done = 0;
  const all = (names.length * kills) / 4;
  const killOn = async (thread: number): Promise<void> => {
    while (done < all) {
      const verb = random.pick(names);
      const looper = await system.spawn(verbLooper, undefined, {
        placement: { thread },
        turnLimitMs: Number.POSITIVE_INFINITY,
        startTimeoutMs: 60_000,
      });
      const { down } = await system.monitor(looper);
      const start: LoopStart = {
        verb,
        near: nears[thread - 1] as Ref,
        far,
        key: `looper ${thread} ${done}`,
        isBehindAwait: random.below(2) === 1,
      };
      looper.call("go", start, forEver).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, random.below(20)));
      system.exit(looper, "kill");
      const { reason } = await down;
      check(reason === "killed", `a looper (${verb}) ended ${JSON.stringify(reason)}`);
      progress(`${++done} of ${all} kills among others`);
      // The others shall get on, too.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const tallies = async () =>
    (await Promise.all(pairs.flat().map((ref) => system.call(ref, "tally", undefined, forEver)))) as {
      count: number;
      gaps: number;
    }[];
  await Promise.all(both.map(killOn));
  check(strays.length === 0, `strays: ${JSON.stringify(strays[0])}`);
  const before = await tallies();
  const starts = await Promise.all(trees.map(({ started }) => started.call("count", undefined, forEver)));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const after = await tallies();
  check(
    after.every(({ gaps }) => gaps === 0),
    "a number that crossed was lost, doubled or overtaken",
  );
  check(
    after.every(({ count }, at) => count > (before[at]?.count ?? 0)),
    "a pair that plays across threads hangs",
  );
  for (const [at, { tree, started }] of trees.entries()) {
    check((await tree.countChildren()).specs === 5, "a supervisor has lost a child");
    check(
      Number(await started.call("count", undefined, forEver)) > Number(starts[at]),
      "a supervisor restarts nobody any more",
    );
  }
  let pages = 0;
  for (const { ref } of await browsers.whichChildren()) {
    check(typeof ref === "object", "a browser is not up");
    const { count, wrong } = (await system.call(ref, "tally", undefined, forEver)) as { count: number; wrong: number };
    check(wrong === 0, `${wrong} wrong answers over HTTP`);
    pages += count;
  }
  const { cuts, turnsLost } = await system.stats();
  return { kills: done, cuts, turnsLost, crossed: after.reduce((sum, { count }) => sum + count, 0), pages };
}

const inSilence = await whole();
report({ inSilence, ...(await amongOthers()) });
