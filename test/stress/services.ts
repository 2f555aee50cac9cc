/**
 * The runtime's own services under work, while the actors among them are killed again and again: tasks are submitted from
 * every thread, messages are published from every thread, agents come under names, in a group and with declarations.
 * Counted by id where things are done: no task that was accepted is lost or done twice, no message is lost, and every thread
 * sees the same names, members and agents at the end.
 */
import { parseArgs } from "node:util";
import { startSystem } from "../../index.ts";
import { clerk, errands, listener } from "./behaviours/clerk.ts";
import { check, progress, report } from "./stress-report.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
const seconds = Number(values.seconds);
const threads = 2;
const clerks = 24;
/** What one errand of one thread is. */
const messagesEach = 120;
const tasksEach = 30;
/** At most 20 a second: the scheduler's supervisor bears 100 in 5 s. */
const killEveryMs = 60;
const group = "clerks";

const startedAt = performance.now();
await using system = await startSystem({ threads, turnLimitMs: 30_000 });
const names = Array.from({ length: clerks }, (_, n) => `clerk ${n}`);
await system.supervise({ children: names.map((name) => ({ id: name, name, start: [clerk, group] as const })) });
const listeners = await Promise.all(
  Array.from({ length: 6 }, (_, n) => system.spawn(listener, "news.>", { placement: { thread: n % (threads + 1) } })),
);
const senders = await Promise.all(
  Array.from({ length: threads + 1 }, (_, thread) => system.spawn(errands, undefined, { placement: { thread } })),
);

let kills = 0;
const killing = setInterval(() => {
  const scheduler = system.whereis("system.scheduler");
  if (scheduler === undefined) return;
  kills++;
  system.exit(scheduler, "kill");
}, killEveryMs);
/** Also where a check fails: the system that it kills in is gone then. */
using _ = { [Symbol.dispose]: () => clearInterval(killing) };

let lastTask = 0;
let rounds = 0;
const done = new Set<number>();
let published = 0;
while (performance.now() - startedAt < seconds * 1_000) {
  rounds++;
  const wrong = await Promise.all(
    senders.map((sender, n) => {
      const tasks = Array.from({ length: tasksEach }, () => ++lastTask);
      published += messagesEach;
      return sender.call(
        "run",
        { topic: `news.${n}`, messages: messagesEach, clerks: names, tasks },
        { timeoutMs: 60_000 },
      );
    }),
  );
  for (const text of wrong.flat()) check(false, text);
  if (rounds % 10 === 0) await collect();
  progress(`${rounds} rounds: ${lastTask} tasks, ${published} messages, ${kills} kills`);
}
clearInterval(killing);
const tookMs = performance.now() - startedAt;
await collect();
check(done.size === lastTask, `${lastTask - done.size} tasks of ${lastTask} were never done`);

for (const heard of await Promise.all(listeners.map((one) => one.call("heard")))) {
  check(heard.gaps === 0, `a listener got ${heard.gaps} messages out of order`);
  check(heard.got === published, `a listener got ${heard.got} of ${published} messages`);
}
for (const [thread, sender] of senders.entries()) {
  const seen = await sender.call("sees", { group, names });
  for (const [what, count] of Object.entries(seen))
    check(count === clerks, `thread ${thread} sees ${count} ${what}, not ${clerks}`);
}
const { bus, tasks } = await system.stats();
check(bus.delivered === published * listeners.length, `${bus.delivered} deliveries were counted`);
check(bus.dropped === 0 && bus.deadLettered === 0, `${bus.dropped} messages dropped, ${bus.deadLettered} dead letters`);
check(
  tasks.done === lastTask && tasks.retried === 0,
  `${tasks.done} tasks counted as done, ${tasks.retried} as tried again`,
);
check(kills >= seconds, `the scheduler was killed ${kills} times only`);
report({
  seconds,
  kills,
  tasks: lastTask,
  messages: published,
  deliveries: bus.delivered,
  tasksPerSecond: lastTask / (tookMs / 1_000),
  messagesPerSecond: published / (tookMs / 1_000),
});

/** What the clerks have done since they were asked last: each task once. */
async function collect(): Promise<void> {
  for (const name of names) {
    for (const id of (await system.call(name, "done")) as number[]) {
      check(!done.has(id), `task ${id} was done twice`);
      done.add(id);
    }
  }
}
