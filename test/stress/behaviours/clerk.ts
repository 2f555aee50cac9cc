/** What the suite `services` counts by: agents that note each task, subscribers that note each message, and who makes both. */
// oxlint-disable-next-line no-restricted-imports -- what actors of a program do, too
import { setTimeout } from "node:timers/promises";
import { defineServer, type Envelope, type Ref } from "../../../index.ts";

/** Notes the tasks that it is given, and is busy with none of them for long. */
export const clerk = defineServer({
  init: async (group: string, ctx) => {
    await ctx.join(group);
    ctx.declare({ capabilities: [{ name: "count" }] });
    return { done: [] as number[] };
  },
  calls: {
    count: (state, id: number) => {
      state.done.push(id);
      return id;
    },
    /** The same with a moment's thought: it may be interrupted, and has done nothing then. */
    ponder: async (state, id: number, ctx) => {
      await setTimeout(id % 4, undefined, { signal: ctx.signal });
      state.done.push(id);
      return id;
    },
    /** The tasks that it has done since it was asked last. */
    done: (state) => state.done.splice(0),
  },
});

/** Notes what one publisher says, which counts up. */
export const listener = defineServer({
  init: async (pattern: string, ctx) => {
    await ctx.subscribe(pattern);
    return { got: 0, gaps: 0, last: new Map<string, number>() };
  },
  calls: { heard: ({ got, gaps }) => ({ got, gaps }) },
  info: (state, message) => {
    const { topic, message: number } = message as { topic: string; message: number };
    state.got++;
    if (number !== (state.last.get(topic) ?? 0) + 1) state.gaps++;
    state.last.set(topic, number);
  },
});

/** A member of an acknowledged queue: notes what it is given, and acknowledges it. */
export const porter = defineServer({
  init: async (pattern: string, ctx) => {
    await ctx.subscribe(pattern, { queue: "porters", ack: true });
    return { carried: [] as number[] };
  },
  calls: {
    /** What it has carried since it was asked last. */
    carried: (state) => state.carried.splice(0),
  },
  info: (state, message, ctx) => {
    state.carried.push((message as Envelope).message as number);
    ctx.ack(message);
  },
});

/** Reads a kept topic, whose numbers have no gap. */
export const archivist = defineServer({
  init: async (pattern: string, ctx) => {
    await ctx.subscribe(pattern, { from: "first" });
    return { read: 0, last: 0, gaps: 0 };
  },
  calls: { read: ({ read, gaps }) => ({ read, gaps }) },
  info: (state, message) => {
    const { seq = 0 } = message as Envelope;
    if (seq !== state.last + 1) state.gaps++;
    state.last = seq;
    state.read++;
  },
});

export interface Errand {
  readonly topic: string;
  readonly messages: number;
  /** Under which topic these are published, each acknowledged by main. */
  readonly parcelTopic: string;
  readonly parcels: readonly number[];
  readonly clerks: readonly string[];
  readonly tasks: readonly number[];
}

/** Publishes and submits, and tells what became of each of its tasks. */
export const errands = defineServer({
  init: () => ({ published: 0 }),
  calls: {
    run: async (state, { topic, messages, parcelTopic, parcels, clerks, tasks }: Errand, ctx) => {
      for (let n = 0; n < messages; n++) ctx.publish(topic, ++state.published);
      const kept = parcels.map((id) => ctx.publish(parcelTopic, id, { ack: true }));
      const results = tasks.map((id, at) =>
        ctx
          .submit({
            to: clerks[at % clerks.length] as string,
            ...(id % 3 === 0 ? { call: "ponder", preemptible: true } : { call: "count" }),
            argument: id,
            key: topic,
            priority: id % 10,
            concurrency: 2,
          })
          .result(),
      );
      const wrong: string[] = [];
      for (const [at, outcome] of (await Promise.allSettled(kept)).entries())
        if (outcome.status === "rejected") wrong.push(`parcel ${parcels[at]}: ${String(outcome.reason)}`);
      for (const [at, outcome] of (await Promise.allSettled(results)).entries()) {
        if (outcome.status === "rejected") wrong.push(`task ${tasks[at]}: ${String(outcome.reason)}`);
        else if (outcome.value !== tasks[at]) wrong.push(`task ${tasks[at]} has the result ${String(outcome.value)}`);
      }
      return wrong;
    },
    /** What this actor's thread sees of names, groups and declarations. */
    sees: (_state, { names, groups }: { names: readonly string[]; groups: readonly string[] }, ctx) =>
      sightOf({
        holders: names.map((name) => [name, ctx.whereis(name)]),
        members: groups.map((group) => [group, ctx.members(group)]),
        groups: ctx.groups(),
        declared: ctx.find({ capability: "count" }).map(({ ref }) => ref),
      }),
  },
});

/** What there is to see of names, groups and declarations. */
export interface Sights {
  readonly holders: readonly (readonly [name: string, holder: Ref | undefined])[];
  readonly members: readonly (readonly [group: string, members: readonly Ref[]])[];
  /** Those that exist. */
  readonly groups: readonly string[];
  readonly declared: readonly Ref[];
}

/** The same as texts, which are equal where the very same refs are seen, whatever their order. */
export function sightOf({ holders, members, groups, declared }: Sights): Readonly<Record<string, string>> {
  const all = (list: readonly (Ref | string)[]) => list.map(String).sort().join(" ");
  return {
    ...Object.fromEntries(holders.map(([name, holder]) => [`holder of "${name}"`, String(holder ?? "nobody")])),
    ...Object.fromEntries(members.map(([group, refs]) => [`members of "${group}"`, all(refs)])),
    groups: all(groups),
    declared: all(declared),
  };
}
