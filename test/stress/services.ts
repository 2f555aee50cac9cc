/**
 * The runtime's own services under work, while the actors among them are killed again and again: tasks are submitted from
 * every thread, messages are published from every thread, some of them for an acknowledged queue and a kept topic, agents
 * are there under names, in a group and with declarations, and others come and go under names and in groups all the time.
 * Counted by id where things are done: no task that was accepted and no message that was acknowledged is lost or done twice,
 * no plain message is lost. A thread never finds an actor whose down it has seen, and always what it was told is there; at
 * the end every thread sees exactly those that live as holders of names, members of groups and agents.
 */
import { parseArgs } from "node:util";
import { type Ref, startSystem } from "../../index.ts";
import { archivist, clerk, errands, listener, porter, sightOf } from "./behaviours/clerk.ts";
import { added, clubs, landlord } from "./behaviours/lodgers.ts";
import { check, progress, report } from "./stress-report.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
const seconds = Number(values.seconds);
const threads = 2;
const clerks = 24;
/** What one errand of one thread is. */
const messagesEach = 60;
const parcelsEach = 150;
const tasksEach = 30;
/** At most 20 a second: their supervisor bears 100 in 5 s. */
const killEveryMs = 60;
const services = ["system.scheduler", "system.bus", "system.registry"];
const group = "clerks";
const parcelTopic = "parcels.any";
/** Names that each thread has come and go. */
const roomsEach = 8;
/** What a second of it has at least; a life is an actor that comes under a name. */
const rates = { parcels: 5_000, tasks: 1_000, lives: 10 };

const startedAt = performance.now();
await using system = await startSystem({ threads, turnLimitMs: 30_000 });
/** Entries that system.registry has thrown out: none is wrong. */
const wronged: unknown[] = [];
system.events.on("log", ({ name, data }) => {
  if (name === "system.registry") wronged.push(data);
});
const names = Array.from({ length: clerks }, (_, n) => `clerk ${n}`);
await system.supervise({ children: names.map((name) => ({ id: name, name, start: [clerk, group] as const })) });
const clerkRefs = names.map((name) => system.whereis(name));
const listeners = await Promise.all(
  Array.from({ length: 6 }, (_, n) => system.spawn(listener, "news.>", { placement: { thread: n % (threads + 1) } })),
);
const senders = await Promise.all(
  Array.from({ length: threads + 1 }, (_, thread) => system.spawn(errands, undefined, { placement: { thread } })),
);
const rooms = senders.map((_, thread) => Array.from({ length: roomsEach }, (_room, n) => `room ${n} of ${thread}`));
const landlords = await Promise.all(
  rooms.map((own, thread) => {
    const estate = { names: own, allNames: rooms.flat(), threads: threads + 1 };
    return system.spawn(landlord, estate, { placement: { thread } });
  }),
);
for (const one of landlords)
  await one.call(
    "open",
    landlords.filter((other) => other !== one),
  );

await system.keepTopic("parcels.>", { messages: 500_000 });
const porters = await Promise.all(
  Array.from({ length: 6 }, (_, n) => system.spawn(porter, "parcels.*", { placement: { thread: n % (threads + 1) } })),
);
const archivists = await Promise.all(
  Array.from({ length: threads + 1 }, (_, thread) => system.spawn(archivist, "parcels.any", { placement: { thread } })),
);

const kills = new Map(services.map((name) => [name, 0]));
const killing = setInterval(() => {
  const name = services[Math.floor(Math.random() * services.length)] as string;
  const service = system.whereis(name);
  if (service === undefined) return;
  kills.set(name, (kills.get(name) ?? 0) + 1);
  system.exit(service, "kill");
}, killEveryMs);
/** Also where a check fails: the system that it kills in is gone then. */
using _ = { [Symbol.dispose]: () => clearInterval(killing) };

let lastTask = 0;
let rounds = 0;
let lastParcel = 0;
const done = new Set<number>();
const carried = new Set<number>();
let published = 0;
while (performance.now() - startedAt < seconds * 1_000) {
  rounds++;
  const wrong = await Promise.all(
    senders.map((sender, n) => {
      const tasks = Array.from({ length: tasksEach }, () => ++lastTask);
      const parcels = Array.from({ length: parcelsEach }, () => ++lastParcel);
      published += messagesEach;
      return sender.call(
        "run",
        { topic: `news.${n}`, messages: messagesEach, parcelTopic, parcels, clerks: names, tasks },
        { timeoutMs: 60_000 },
      );
    }),
  );
  for (const text of wrong.flat()) check(false, text);
  if (rounds % 10 === 0) await collect();
  progress(`${rounds} rounds: ${lastTask} tasks, ${published} messages, ${lastParcel} acknowledged, ${killed()} kills`);
}
clearInterval(killing);
const tookMs = performance.now() - startedAt;
const books = await Promise.all(landlords.map((one) => one.call("close", undefined, { timeoutMs: 60_000 })));
await collect();
check(done.size === lastTask, `${lastTask - done.size} tasks of ${lastTask} were never done`);
for (const untilMs = performance.now() + 10_000; carried.size < lastParcel && performance.now() < untilMs; )
  await collect();
check(carried.size === lastParcel, `${lastParcel - carried.size} of ${lastParcel} acknowledged messages never came`);
for (const { read, gaps } of await Promise.all(archivists.map((one) => one.call("read"))))
  check(read === lastParcel && gaps === 0, `a reader got ${read} of ${lastParcel} kept messages, with ${gaps} gaps`);

for (const heard of await Promise.all(listeners.map((one) => one.call("heard")))) {
  check(heard.gaps === 0, `a listener got ${heard.gaps} messages out of order`);
  check(heard.got === published, `a listener got ${heard.got} of ${published} messages`);
}
const holders = [...names.map((name, n) => [name, clerkRefs[n]] as const), ...books.flatMap((book) => book.names)];
const allClerks = clerkRefs.filter((ref) => ref !== undefined);
check(allClerks.length === clerks, `${allClerks.length} of ${clerks} had a name before the first kill`);
const members = [[group, allClerks] as const, ...clubs.map((club) => [club, membersOf(club)] as const)];
const groups = members.filter(([, refs]) => refs.length > 0).map(([name]) => name);
const right = sightOf({ holders, members, groups, declared: allClerks });
for (const [thread, sender] of senders.entries()) {
  const seen = await sender.call("sees", {
    names: holders.map(([name]) => name),
    groups: members.map(([name]) => name),
  });
  for (const [what, refs] of Object.entries(right))
    check(seen[what] === refs, `thread ${thread} sees as ${what} ${seen[what]}, which is ${refs}`);
}
check(wronged.length === 0, `${wronged.length} entries were thrown out, the first: ${JSON.stringify(wronged[0])}`);
const { bus, tasks, queues, registry } = await system.stats();
const deliveries = published * listeners.length + lastParcel * (1 + archivists.length);
check(bus.delivered === deliveries, `${bus.delivered} deliveries of ${deliveries} were counted`);
const [queue] = queues;
check(queue?.delivered === lastParcel, `${queue?.delivered} of ${lastParcel} count as acknowledged by a member`);
check(
  queue.redelivered === 0 && queue.discarded === 0,
  `${queue.redelivered} given again, ${queue.discarded} thrown out`,
);
check(bus.dropped === 0 && bus.deadLettered === 0, `${bus.dropped} messages dropped, ${bus.deadLettered} dead letters`);
check(
  tasks.done === lastTask && tasks.retried === 0,
  `${tasks.done} tasks counted as done, ${tasks.retried} as tried again`,
);
check(tasks.preempted > 0, "no task has made way for another");
for (const [name, count] of kills) check(count >= seconds, `${name} was killed ${count} times only`);
const deeds = books.map((book) => book.deeds).reduce(added);
const livesMin = Math.min(...books.map((book) => book.livesMin));
check(livesMin >= seconds / 10, `a name has had ${livesMin} lives only`);
const perSecond = {
  parcels: lastParcel / (tookMs / 1_000),
  tasks: lastTask / (tookMs / 1_000),
  lives: deeds.lives / (tookMs / 1_000),
};
for (const what of ["parcels", "tasks", "lives"] as const)
  check(perSecond[what] >= rates[what], `${Math.round(perSecond[what])} ${what} a second are not ${rates[what]}`);
report({
  seconds,
  kills: Object.fromEntries(kills),
  acknowledged: lastParcel,
  acknowledgedPerSecond: perSecond.parcels,
  tasks: lastTask,
  preempted: tasks.preempted,
  messages: published,
  deliveries: bus.delivered,
  tasksPerSecond: perSecond.tasks,
  messagesPerSecond: published / (tookMs / 1_000),
  churn: {
    ...deeds,
    livesMin,
    namesHeld: holders.filter(([, holder]) => holder !== undefined).length,
    namesFree: holders.filter(([, holder]) => holder === undefined).length,
    memberships: members.reduce((sum, [, refs]) => sum + refs.length, 0),
    discarded: registry.discarded,
  },
});

function killed(): number {
  return [...kills.values()].reduce((sum, count) => sum + count, 0);
}

function membersOf(club: string): Ref[] {
  return books.flatMap((book) => book.members.flatMap(([name, refs]) => (name === club ? refs : [])));
}

/** What the clerks have done, and the porters carried, since they were asked last: each once. */
async function collect(): Promise<void> {
  for (const one of landlords) for (const text of await one.call("wrong")) check(false, text);
  for (const one of porters) {
    for (const id of await one.call("carried")) {
      check(!carried.has(id), `message ${id} was given twice`);
      carried.add(id);
    }
  }
  for (const name of names) {
    for (const id of (await system.call(name, "done")) as number[]) {
      check(!done.has(id), `task ${id} was done twice`);
      done.add(id);
    }
  }
}
