/**
 * Looping actors are killed in their turns, 500 times unless told otherwise, among 1,000 neighbours on the same two threads that exchange
 * numbered messages all the time, half of them with an await under way.
 *
 * No message of a synchronous neighbour may be lost, none may hang, nobody but a culprit may end; an asynchronous neighbour
 * may end `turnLost`, counted and with a killed culprit of its own thread, and is started again.
 *
 *     node dist/test/stress/cuts.js [kills] [seed]
 */
import { type ExitReason, type Ref, refKey, SeededRandom, startSystem } from "../../index.ts";
import { runaway } from "../fixtures/runaway.ts";
import { caller, player, type Tally } from "./behaviours/neighbours.ts";
import { check, progress, report } from "./stress-report.ts";

const kills = Number(process.argv[2] ?? 500);
const seed = Number(process.argv[3] ?? 1);
const threads = 2;
const pairs = 125; // a thread: 250 players with a caller each
/** What the culprits do; a module's top level is one in fifty, since each leaves a module pending for ever. */
const kinds = ["loop", "send", "regex", "getter", "afterAwait", "afterCall", "swallow", "timers"] as const;
const moduleShare = 0.02;

const random = new SeededRandom(seed);
const startedAt = performance.now();
// A limit only for modules whose actor was killed before their top level began.
const system = await startSystem({ threads, turnLimitMs: 1_000, spare: false });
const strays: unknown[] = [];
system.events.on("unattributedError", (event) => void strays.push(event));
const lost: { readonly thread: number; readonly culprit: string }[] = [];
system.events.on("turnLost", ({ ref, culprit }) => void lost.push({ thread: ref.thread, culprit }));
/** Neighbours that ended for any other reason. */
const wronged: string[] = [];
system.events.on("crashed", ({ behaviour, ref, reason }) => {
  if ((behaviour === "player" || behaviour === "caller") && !(typeof reason === "object" && "turnLost" in reason))
    wronged.push(`${behaviour} ${refKey(ref)} ended ${JSON.stringify(reason)}`);
});
const threadsLost: string[] = [];
system.events.on("threadLost", ({ why }) => void threadsLost.push(why));

// A load that is under way when a cut falls may never end: everything is there before the first.
for (let thread = 1; thread <= threads; thread++) {
  const ref = await system.spawn(runaway, undefined, { placement: { thread } });
  await ref.call("ping");
}

const players: Ref[] = [];
for (let thread = 1; thread <= threads; thread++) {
  const here = await Promise.all(
    Array.from({ length: pairs * 2 }, () => system.spawn(player, undefined, { placement: { thread } })),
  );
  for (let i = 0; i < here.length; i += 2) here[i]?.cast("ball", { number: 0, from: here[i + 1] as Ref });
  players.push(...here);
}
const callers = await system.superviseDynamic({ intensity: 0, child: { start: [caller] } });
for (const of of players) {
  const started = await callers.startChild(of);
  check(started.ok, `a caller did not start: ${JSON.stringify(started)}`);
}

async function tallies(refs: readonly Ref[]): Promise<Tally[]> {
  return (await Promise.all(refs.map((ref) => ref.call("tally", undefined, { timeoutMs: 60_000 })))) as Tally[];
}

const latenciesMs: number[] = [];
const missed = { beforeItsTurn: 0 };
let cuts = 0;

/** One culprit on a thread: it is killed when the thread has stood still for a moment. */
async function kill(thread: number): Promise<void> {
  const placement = { thread };
  const neighbour = players[(thread - 1) * pairs * 2 + random.below(pairs * 2)] as Ref;
  let ended: ExitReason;
  if (random.next() < moduleShare) {
    const url = new URL(`../fixtures/endless-module.js?${random.next()}`, import.meta.url).href;
    const behaviour = { kind: "behaviourRef", url, exportName: "behaviour" } as never;
    const start = system
      .spawn(behaviour, undefined, { placement, startTimeoutMs: 20 })
      .catch((error: unknown) => error);
    ended = ((await start) as { code: string }).code;
    check(
      ["init_timeout", "load_timeout", "start_failed", "thread_lost"].includes(ended),
      `a module's culprit ended ${ended}`,
    );
    return;
  }
  const ref = await system.spawn(runaway, undefined, {
    placement,
    turnLimitMs: Number.POSITIVE_INFINITY,
    startTimeoutMs: 60_000,
  });
  const monitor = await system.monitor(ref);
  const kind = random.pick(kinds);
  system.call(ref, kind, neighbour, { timeoutMs: 60_000 }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 1 + random.below(4)));
  const askedAt = performance.now();
  system.exit(ref, "kill");
  ended = (await monitor.down).reason;
  check(ended === "killed", `a culprit (${kind}) ended ${JSON.stringify(ended)}`);
  latenciesMs.push(performance.now() - askedAt);
}

async function killOn(thread: number): Promise<void> {
  while (cuts < kills && wronged.length === 0 && threadsLost.length === 0) {
    await kill(thread);
    missed.beforeItsTurn++;
    progress(`${cuts} of ${kills} cuts, ${lost.length} turns lost with them`);
  }
}
const counting = setInterval(() => void system.stats().then((stats) => (cuts = stats.cuts)), 200);
// Several at a time, so that the next loops as soon as one has been ended.
await Promise.all([1, 2, 1, 2, 1, 2, 1, 2].map(killOn));
clearInterval(counting);
check(wronged.length === 0, `${wronged.length} neighbours, first: ${wronged[0]}`);
check(threadsLost.length === 0, `threads were lost: ${threadsLost.join(", ")}`);

const before = await tallies(players);
const stats = await system.stats();
const after = await tallies(players);
check(strays.length === 0, `unattributed: ${JSON.stringify(strays[0])}`);
check(stats.turnsLost === lost.length, `${stats.turnsLost} turns lost were counted, ${lost.length} told`);
const neighbours = new Set(players.map(refKey));
for (const { thread, culprit } of lost) {
  check(!neighbours.has(culprit), `a turn was lost with that of ${culprit}, a neighbour`);
  check(culprit.startsWith(`${thread}.`), `a turn of thread ${thread} was lost with ${culprit} of another`);
}
for (const [at, { gaps }] of after.entries()) check(gaps === 0, `${refKey(players[at] as Ref)} saw ${gaps} gaps`);
const { active } = await callers.countChildren();
check(active === players.length, `${active} of ${players.length} callers live`);
const children = (await callers.whichChildren()).map(({ ref }) => ref as Ref);
const callersBefore = await tallies(children);
await new Promise((resolve) => setTimeout(resolve, 500));
const callersAfter = await tallies(children);
const last = await tallies(players);
check(
  callersAfter.every(({ count }, at) => count > (callersBefore[at]?.count ?? 0)),
  "a caller hangs",
);
check(
  last.every(({ count }, at) => count > (before[at]?.count ?? 0)),
  "a player hangs",
);
const messages =
  last.reduce((sum, { count }) => sum + count, 0) + callersAfter.reduce((sum, { count }) => sum + count, 0);
await system.stop();
report({
  kills: stats.cuts,
  asked: missed.beforeItsTurn,
  turnsLost: lost.length,
  messages,
  killMs: latenciesMs,
  durationMs: performance.now() - startedAt,
});
