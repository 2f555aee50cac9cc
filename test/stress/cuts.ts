/**
 * Looping actors are ended in their turns, 10,000 times unless told otherwise, among 1,000 neighbours on the same threads that
 * exchange numbered messages all the time, half of them with an await under way. One half is killed, the other runs into a
 * turn limit; what they do stands in `behaviours/culprit.ts`.
 *
 * No message of a synchronous neighbour may be lost, none may hang, nobody but a culprit may end; an asynchronous neighbour
 * may end `turnLost`, counted and with an ended culprit of its own thread, and is started again.
 *
 *     node dist/test/stress/cuts.js [--kills 10000] [--seed 1] [--threads 2] [--json]
 *
 * Ctrl-C stops it in order; the second ends it. Exit code 1: a claim did not hold; 130: it was stopped.
 */
import { parseArgs } from "node:util";
import { BroadcastChannel } from "node:worker_threads";
import { type Ref, refKey, startSystem } from "../../index.ts";
import { culpritKinds, enteredChannel, looper } from "./behaviours/culprit.ts";
import { type Deeds, executioner, threadOfCulprit } from "./behaviours/executioner.ts";
import { caller, player, type Tally } from "./behaviours/neighbours.ts";
import { check, progress, report } from "./stress-report.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const [kills, seed, threads] = [values.kills, values.seed, values.threads].map(Number) as [number, number, number];
for (const [name, value] of Object.entries({ kills, seed, threads }))
  check(Number.isSafeInteger(value) && value > 0, `--${name} is a whole number from 1, got ${value}`);
const neighbours = 1_000;
/** Nobody can be held for so long, also not on a busy machine: it is a hang. */
const hangMs = 120_000;

const startedAt = performance.now();
// A limit for neighbours that nobody can pass but who hangs. A module that is not killed has the time of its load.
const system = await startSystem({ threads, turnLimitMs: 20_000, loadTimeoutMs: 1_000, spare: false });
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
for (let thread = 1; thread <= threads; thread++) await system.spawn(looper, {} as never, { placement: { thread } });

/** By thread, from 1. */
const players: Ref[][] = [[]];
for (let thread = 1; thread <= threads; thread++) {
  const count = Math.ceil(neighbours / 4 / threads) * 2;
  const here = await Promise.all(
    Array.from({ length: count }, () => system.spawn(player, undefined, { placement: { thread } })),
  );
  for (let i = 0; i < here.length; i += 2) here[i]?.cast("ball", { number: 0, from: here[i + 1] as Ref });
  players.push(here);
}
const all = players.flat();
// A supervisor starts one after the other, and each cut may take several turns with it.
const supervisors = await Promise.all(
  Array.from({ length: 25 }, () => system.superviseDynamic({ intensity: 0, child: { start: [caller] } })),
);
const starts = supervisors.flatMap((supervisor, part) =>
  all.filter((_, at) => at % supervisors.length === part).map((of) => supervisor.startChild(of)),
);
for (const started of await Promise.all(starts))
  check(started.ok, `a caller did not start: ${JSON.stringify(started)}`);

// The kills ---------------------------------------------------------------------------------------------------------

const share = (thread: number) => Math.floor(kills / threads) + (thread <= kills % threads ? 1 : 0);
const executioners = await Promise.all(
  Array.from({ length: threads }, (_, at) => {
    const thread = at + 1;
    const far = threads === 1 ? players[1] : players[(thread % threads) + 1];
    const sentence = { thread, kills: share(thread), seed: seed * 1_000 + thread, near: players[thread], far };
    return system.spawn(executioner, sentence as never, { placement: { thread: 0 } });
  }),
);
const entered = new BroadcastChannel(enteredChannel);
entered.onmessage = (message) => {
  const id = (message as { readonly data: number }).data;
  executioners[threadOfCulprit(id) - 1]?.cast("entered", id);
};
let isStopped = false;
process.once("SIGINT", () => {
  isStopped = true;
  for (const ref of executioners) ref.cast("stop");
});

const killingAt = performance.now();
const hang = Promise.withResolvers<never>();
let done = 0;
let doneAt = killingAt;
async function watch(): Promise<void> {
  const counts = await Promise.all(executioners.map((ref) => ref.call("counts")));
  const now = counts.reduce((sum, count) => sum + count.kills, 0);
  if (now > done) doneAt = performance.now();
  done = now;
  // One that has met something wrong stops; so shall the others.
  if (wronged.length > 0 || threadsLost.length > 0 || counts.some(({ isWrong }) => isWrong))
    for (const ref of executioners) ref.cast("stop");
  if (!values.json) progress(`${done} of ${kills} kills, ${lost.length} turns lost with them`);
  if (performance.now() - doneAt < hangMs) return;
  const waiting = await Promise.all(executioners.map((ref) => ref.call("waiting")));
  hang.reject(new Error(`broken: no kill for ${hangMs / 1_000} s after ${done}: ${waiting.flat().join(", ")}`));
}

const watching = setInterval(() => void watch().catch(hang.reject), 500);
const begun = executioners.map((ref) => ref.call("begin", undefined, { timeoutMs: Number.POSITIVE_INFINITY }));
const deeds = (await Promise.race([Promise.all(begun), hang.promise])) as readonly Deeds[];
clearInterval(watching);
entered.close();
const killingMs = performance.now() - killingAt;

// What must hold -----------------------------------------------------------------------------------------------------

async function tallies(refs: readonly Ref[]): Promise<Tally[]> {
  return (await Promise.all(refs.map((ref) => ref.call("tally", undefined, { timeoutMs: hangMs })))) as Tally[];
}

check(threadsLost.length === 0, `threads were lost: ${threadsLost.join(", ")}`);
for (const { wrongs } of deeds) check(wrongs.length === 0, wrongs[0] as string);
check(wronged.length === 0, `${wronged.length} neighbours, first: ${wronged[0]}`);
check(strays.length === 0, `unattributed: ${JSON.stringify(strays[0])}`);
const killed = deeds.reduce((sum, deed) => sum + deed.kills, 0);
check(isStopped || killed === kills, `${killed} kills`);

const stats = await system.stats();
const lostCulprits = deeds.reduce((sum, deed) => sum + deed.lost, 0);
check(stats.cuts === killed, `${stats.cuts} cuts were counted, ${killed} made, ${lostCulprits} culprits lost`);
check(stats.deadLetters.mailbox_full === 0, `${stats.deadLetters.mailbox_full} messages met a full mailbox`);
check(stats.turnsLost === lost.length, `${stats.turnsLost} turns lost were counted, ${lost.length} told`);
const ended = new Set(deeds.flatMap((deed) => deed.ended));
for (const { thread, culprit } of lost) {
  check(ended.has(culprit), `a turn was lost with that of ${culprit}, who was not ended`);
  check(culprit.startsWith(`${thread}.`), `a turn of thread ${thread} was lost with ${culprit} of another`);
}
/** The last to end may still be about to start again. */
async function livingCallers(): Promise<Ref[]> {
  const untilMs = performance.now() + hangMs;
  for (;;) {
    const children = (await Promise.all(supervisors.map((supervisor) => supervisor.whichChildren()))).flat();
    const living = children.map(({ ref }) => ref).filter((ref) => typeof ref === "object");
    if (living.length === all.length) return living;
    check(performance.now() < untilMs, `${living.length} of ${all.length} callers live: ${JSON.stringify(children)}`);
  }
}

/** All of them get on. */
async function tallyAll(what: string, refs: readonly Ref[]): Promise<Tally[]> {
  const first = await tallies(refs);
  const untilMs = performance.now() + hangMs;
  for (;;) {
    const now = await tallies(refs);
    const hanging = now.findIndex(({ count }, at) => count <= (first[at]?.count ?? 0));
    if (hanging < 0) {
      for (const [at, { gaps }] of now.entries())
        check(gaps === 0, `${what} ${refKey(refs[at] as Ref)} saw ${gaps} gaps`);
      return now;
    }
    check(performance.now() < untilMs, `${what} ${refKey(refs[hanging] as Ref)} hangs`);
  }
}
const counts = [...(await tallyAll("player", all)), ...(await tallyAll("caller", await livingCallers()))];
const messages = counts.reduce((sum, { count }) => sum + count, 0);
await system.stop();

const timesOf = (what: "killMs" | "overLimitMs", kind: string) => deeds.flatMap((deed) => deed[what][kind] ?? []);
const allKinds = [...culpritKinds, "module"];
const kinds = Object.fromEntries(
  allKinds.map((kind) => [kind, { killMs: timesOf("killMs", kind), overLimitMs: timesOf("overLimitMs", kind) }]),
);
if (!values.json) for (const [kind, times] of Object.entries(kinds)) report({ kind, ...times });
report({
  kills: killed,
  seed,
  threads,
  turnsLost: lost.length,
  culpritsLost: lostCulprits,
  messages,
  killMs: allKinds.flatMap((kind) => timesOf("killMs", kind)),
  overLimitMs: allKinds.flatMap((kind) => timesOf("overLimitMs", kind)),
  killingMs,
  durationMs: performance.now() - startedAt,
  ...(values.json && { kinds }),
});
if (isStopped) process.exitCode = 130;
