/** S13.10 under any interleaving of publish, join, leave and death of members on three threads, by seeds. */
import { expect, test } from "@jest/globals";
import type { Context, Envelope } from "../../../core/actor/context.ts";
import { defineActor } from "../../../core/index.ts";
import { Counter } from "../../../core/kernel/counters.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const seeds = 300;
const threads = 3;
const deeds = 80;
const membersMax = 6;

interface Member {
  readonly name: number;
  readonly ctx: Context;
  id: number | undefined;
}

/** What went wrong. */
async function run(seed: number): Promise<string[]> {
  const system = new SimulatedSystem(seed, threads);
  const { random } = system;
  const breaches: string[] = [];
  const members: Member[] = [];
  /** Of each message, who got it; a publisher's numbers count up at each of them. */
  const got = new Map<string, number>();
  const lastOf = new Map<string, number>();
  const published = Array.from({ length: threads }, () => 0);
  let born = 0;
  const handedOver = new Set<string>();
  const { queues } = system.kernel(0).topics;
  const backReceived = queues.backReceived.bind(queues);
  queues.backReceived = (back) => {
    const [thread, number] = back[3].message as [number, number];
    handedOver.add(`${thread}:${number}`);
    backReceived(back);
  };
  const behaviour = defineActor({
    module: "sim:queue",
    init: (_: undefined, ctx: Context): Member => {
      const member: Member = { name: (born += 1), ctx, id: undefined };
      void ctx.subscribe("jobs.*", { queue: "workers" }).then(({ id }) => {
        member.id = id;
        members.push(member);
      });
      return member;
    },
    receive: ({ name }, { message }: Envelope) => {
      const [thread, number] = message as [number, number];
      const key = `${thread}:${number}`;
      if (got.has(key)) breaches.push(`${key} came to ${name} and to ${got.get(key)}`);
      got.set(key, name);
      // What another has not read comes behind what it overtook.
      if (handedOver.has(key)) return;
      const way = `${thread} to ${name}`;
      if ((lastOf.get(way) ?? 0) > number) breaches.push(`${key} came to ${name} behind ${lastOf.get(way)}`);
      lastOf.set(way, number);
    },
  });
  const spawn = (thread: number) =>
    system.kernel(thread).guest.ctx?.spawn(behaviour, undefined, { placement: "local" });
  const settle = async () => {
    for (let n = 0; n < 4; n++) {
      system.settle();
      await Promise.resolve();
    }
  };
  // The first member stays, so that there is a group all along.
  spawn(random.below(threads));
  await settle();
  for (let n = 0; n < deeds; n++) {
    const thread = random.below(threads);
    const other = members[1 + random.below(membersMax)];
    switch (random.below(8)) {
      case 0:
        if (members.length < membersMax) spawn(thread);
        break;
      case 1:
        if (other?.id === undefined) break;
        members.splice(members.indexOf(other), 1);
        if (random.below(2) === 0) system.kernel(thread).guest.ctx?.exit(other.ctx.self, "kill");
        else other.ctx.unsubscribe(other.id);
        break;
      default: {
        const number = (published[thread] ?? 0) + 1;
        published[thread] = number;
        void system.kernel(thread).guest.ctx?.publish("jobs.any", [thread, number]);
      }
    }
    for (let steps = random.below(4); steps > 0; steps--) system.step();
    await Promise.resolve();
  }
  await settle();
  const sum = (counter: Counter) =>
    [...system.threads.values()].reduce((total, { kernel }) => total + kernel.counters.get(counter), 0);
  const delivered = sum(Counter.busDelivered);
  if (delivered !== got.size) breaches.push(`${delivered} count as delivered, ${got.size} were`);
  // Somebody is always there, so what those who have ended had not read is read.
  const all = published.reduce((total, count) => total + count, 0);
  if (delivered !== all) breaches.push(`${delivered} of ${all} are delivered`);
  const others = sum(Counter.busDropped) + sum(Counter.busDeadLettered);
  if (others !== 0) breaches.push(`${others} are dropped or dead-lettered`);
  return breaches;
}

test(`S13.10: in ${seeds} seeded runs each message goes to one member and is counted once`, async () => {
  const failed: unknown[] = [];
  for (let seed = 1; seed <= seeds && failed.length < 3; seed++) {
    const breaches = await run(seed);
    if (breaches.length > 0) failed.push({ seed, breaches });
  }
  expect(failed).toEqual([]);
}, 60_000);
