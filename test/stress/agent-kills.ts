/**
 * Processes with an agent (a model, tools, a session, a caller) are killed by SIGKILL at every passage of every fail point, those of its
 * store and those around the agent, and at random; then a process with the same session goes on, which is killed as well, and another
 * one, until the conversation is at its end. By what was seen outside - the file of what tools did, the pipe of what the caller has got -
 * no call has two effects, no effect and no answer is missing in the session, and no turn is lost. Builds that keep too little of a
 * session are found out.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SeededRandom } from "../../core/index.ts";
import type { AuditTally } from "./agent-audit.ts";
import { AgentBook, type AgentDeath, allPoints, isOfStore } from "./agent-book.ts";
import { roundTurns } from "./behaviours/agent-plan.ts";
import { type Way, ways } from "./behaviours/agent-program.ts";
import { type AgentFault, agentFaults } from "./behaviours/broken-stores.ts";
import { check, progress, report } from "./stress-report.ts";

const { values } = parseArgs({ options: { kills: { type: "string", default: "100" } } });
/** At random. */
const kills = Number(values.kills);
const seed = 1;
/** At once: most of it is the start of processes. */
const chains = Math.min(4, availableParallelism());
/** Turns before the first kill: so many that a snapshot and a summary come within the next ones. */
const baseTurns = 2 * roundTurns;
const turns = baseTurns + roundTurns;
/** Whoever goes on is killed, too: when it comes there so often. Some come to their end first. */
const secondPassesMax = 6;
/** At random it is killed by so many lines, and so much later. */
const linesMax = 60;
const laterMsMax = 8;
/** What is left is done, and looked at, every so many kills at random. */
const auditEvery = 10;
/** A build that is broken must be found by so many, most of them with an effect that is not recorded. */
const killsOfBrokenMax = 10;
/** By what it is found: that it is wrong in some way is not enough. */
const wordsOf = {
  early: / is not in the session$|^work \S+ has two effects$/,
  unbegun: /^key \S+ has two effects$/,
  certain: /^call \S+ was told as "not done: .*, and has an effect$/,
} as const satisfies Record<AgentFault, RegExp>;

const folder = mkdtempSync(join(tmpdir(), "mofa-agent-kills-"));
// So most of what a process does is work.
process.env["NODE_COMPILE_CACHE"] = join(folder, "compiled");

const total: Record<string, number> = {};
let killed = 0;

/** @throws Error something is not as it should be, or it was not even tried. */
async function audited(book: AgentBook, what: string, before?: AuditTally): Promise<AuditTally> {
  const { faults, tally } = await book.audit();
  check(faults.length === 0, `${what}: ${faults.slice(0, 10).join("; ")} (all is left in ${folder})`);
  for (const [key, count] of Object.entries(tally))
    total[key] = (total[key] ?? 0) + count - (before?.[key as keyof AuditTally] ?? 0);
  return tally;
}

/** One conversation for each passage of a point, until there is one without a kill. How many there were. */
async function killAtEachPassage(
  base: AgentBook,
  before: AuditTally,
  point: (typeof allPoints)[number],
): Promise<number> {
  const random = new SeededRandom(seed + allPoints.indexOf(point));
  for (let time = 1; ; time++) {
    const book = base.fork(`${point}-${time}`);
    // Where the store is what it dies at, that has a thread of its own.
    const first = { until: turns, way: "goOn", isShared: !isOfStore(point) } as const;
    const isKilled = (await book.run(first, { at: [point, time] })) !== null;
    const goOn = (run: number, death?: AgentDeath) =>
      book.run({ until: turns, way: ways[(time + run) % ways.length] as Way, isShared: true }, death);
    const second = allPoints[random.below(allPoints.length)] as typeof point;
    if (isKilled && (await goOn(0, { at: [second, 1 + random.below(secondPassesMax)] })) !== null)
      check((await goOn(1)) === null, "a conversation has not come to its end");
    killed += book.record.kills;
    await audited(book, `killed at ${point}, passage ${time}`, before);
    progress(`${killed} killed, the last one at ${point}, passage ${time}`);
    if (!isKilled) return time - 1;
  }
}

async function killAtRandom(chain: number): Promise<void> {
  const random = new SeededRandom(seed + chain);
  const book = new AgentBook(folder, `random-${chain}`);
  let before: AuditTally | undefined;
  const each = Math.ceil(kills / chains);
  for (let kill = 1; kill <= each; kill++) {
    const way = ways[random.below(ways.length)] as Way;
    const afterLines = [1 + random.below(linesMax), random.next() * laterMsMax] as const;
    check(
      (await book.run({ until: null, way, isShared: kill % 2 === 0 }, { afterLines })) === "SIGKILL",
      "a program ended by itself",
    );
    killed++;
    progress(`${killed} killed, ${kill} of ${each} at random, in turn ${book.record.asked}`);
    if (kill % auditEvery !== 0 && kill !== each) continue;
    check(
      (await book.run({ until: book.record.asked, way: "goOn", isShared: true })) === null,
      "what was left was not done",
    );
    before = await audited(book, `after kill ${kill} at random, chain ${chain}`, before);
  }
}

/** How many kills it takes. */
async function killUntilFound(fault: AgentFault): Promise<number> {
  const random = new SeededRandom(seed);
  const book = new AgentBook(folder, `broken-${fault}`);
  for (let kill = 1; kill <= killsOfBrokenMax; kill++) {
    await book.run({ until: null, way: "goOn", fault }, { at: ["after-effect", 1 + random.below(roundTurns)] });
    await book.run({ until: book.record.asked, way: "goOn", ...(fault !== "early" && { fault }) });
    const { faults } = await book.audit();
    if (faults.some((text) => wordsOf[fault].test(text))) return kill;
  }
  throw new Error(`broken: a build that keeps too little (${fault}) was not found out`);
}

const startedAt = performance.now();
const base = new AgentBook(folder, "base");
check((await base.run({ until: baseTurns, way: "goOn" })) === null, "the first turns have not ended");
const before = await audited(base, "before the first kill");
const whole = base.fork("whole");
check((await whole.run({ until: turns, way: "goOn" })) === null, "a conversation has not ended");
const { events, summaries, uncertainDone, uncertainNotDone, interrupted } = await audited(whole, "without a kill");
check(uncertainDone + uncertainNotDone + interrupted === 0, "something is uncertain where nobody was killed");
check(before.events < 100 && events >= 100, `the snapshot is not within: ${before.events} to ${events} events`);
check(summaries > before.summaries, "no summary is within");

const passages: Record<string, number> = {};
const waiting: (() => Promise<void>)[] = [
  ...allPoints.map((point) => async () => {
    passages[point] = await killAtEachPassage(base, before, point);
    check(passages[point] > 0, `nobody comes past ${point}`);
  }),
  ...Array.from({ length: chains }, (_, chain) => () => killAtRandom(chain)),
];
const work = async (): Promise<void> => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
};
await Promise.all(Array.from({ length: chains }, work));
for (const what of ["answered", "interrupted", "effects", "uncertainDone", "uncertainNotDone", "summaries"])
  check((total[what] ?? 0) > 0, `none is there that is ${what}`);
const killsOfBroken: Record<string, number> = {};
for (const fault of agentFaults) killsOfBroken[fault] = await killUntilFound(fault);
report({ kills: killed, passages, ...total, killsOfBroken, durationMs: performance.now() - startedAt });
// Where it has failed it is left, to be looked at.
rmSync(folder, { recursive: true });
