/**
 * A program with a durable topic and durable tasks, under load until it is killed: `node durable-program.js <store> <config as JSON> <how>`.
 * It says what has happened by lines that have reached the pipe when the next thing happens: `kept <id> <seq>` and `accepted <id>` when
 * they were answered, `handled <id>` and `done <id>` before an agent says so to the runtime. `how` is `load`, `drain` (nothing new; it ends
 * when all is done) or `forget` (over a store that forgets some of what it answers).
 */
import { defineServer, type Envelope, pluginFacts } from "../../../core/index.ts";
import { startSystem } from "../../../index.ts";
import { durableStore, type StoreConfig } from "../durable-stores.ts";
import { brokenStore } from "./broken-stores.ts";
import { say } from "./say.ts";

/** Publishes and submits that are on their way at any time, of each. */
const window = 16;

export const handler = defineServer({
  name: "handler",
  init: async (_argument: undefined, ctx) => {
    await ctx.subscribe("news.*", { queue: "handlers", ack: true, maxInHand: 8 });
  },
  calls: {
    work: (_state, id: string) => {
      say(`done ${id}`);
      return id;
    },
  },
  info: (_state, message, ctx) => {
    const { message: id } = message as Envelope;
    say(`handled ${String(id)}`);
    ctx.ack(message);
  },
});

if (import.meta.main) {
  const [name = "", json = "{}", how = "load"] = process.argv.slice(2);
  const sound = durableStore(name).plugin;
  // A process is killed here, and not the machine.
  const given = JSON.parse(json) as StoreConfig;
  const config = { ...given, ...("file" in given && { durability: "normal" }) };
  const use =
    how === "forget"
      ? { plugin: brokenStore, config: { store: name, of: config, fault: "forgets" } }
      : { plugin: sound, config };
  const store = pluginFacts(use.plugin).name;
  const system = await startSystem({ threads: 1, spare: false, watchdog: false, scheduler: { store } });
  await system.startPlugins([use]);
  await system.keepTopic("news.>", { durable: true, store, messages: 500 });
  await system.supervise({ children: [{ id: "handler", start: [handler], name: "handler" }] });
  if (how === "drain") {
    for (;;) {
      const { queues, tasks } = await system.stats();
      const left = queues.reduce((sum, { waiting, inHand, resting }) => sum + waiting + inHand + resting, 0);
      if (left + tasks.waiting + tasks.running === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await system.stop();
  } else {
    let next = 0;
    const run = `${Date.now()}-${process.pid}`;
    const publish = async (): Promise<void> => {
      for (;;) {
        const id = `m${run}-${next++}`;
        const { seq } = await system.publish(`news.${next % 3}`, id, { ack: true, priority: next % 10 });
        say(`kept ${id} ${seq}`);
      }
    };
    const submit = async (): Promise<void> => {
      for (;;) {
        const id = `t${run}-${next++}`;
        const task = system.submit({ to: "handler", call: "work", argument: id, attempts: 3, concurrency: 4 });
        await task.accepted();
        say(`accepted ${id}`);
      }
    };
    await Promise.all(Array.from({ length: window }, () => [publish(), submit()]).flat());
  }
}
