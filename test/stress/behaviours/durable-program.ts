/**
 * A program with a durable topic and durable tasks, under load until it is killed: `node durable-program.js <file> <how>`. It says what has
 * happened by lines that have reached the pipe when the next thing happens: `kept <id> <seq>` and `accepted <id>` when they were
 * answered, `handled <id>` and `done <id>` before an agent says so to the runtime. `how` is `load`, `drain` (nothing new; it ends when
 * all is done) or `lie` (over a store that answers before it has it).
 */
import { copyFileSync, existsSync, renameSync, rmSync, writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { configSchema, textKey } from "../../../core/contracts/config-schema.ts";
import {
  type DriverOutcome,
  type DriverWrite,
  defineServer,
  defineStorage,
  type Envelope,
} from "../../../core/index.ts";
import { startSystem } from "../../../index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { SqliteDriver } from "../../../plugins/storage-sqlite/sqlite-driver.ts";

const store = "storage-sqlite";
/** Publishes and submits that are on their way at any time, of each. */
const window = 16;

/** A line, in the pipe when it returns: where that is full it waits for its reader. */
function say(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** A store that answers before it has it: it works on a copy, which takes the place of the file every so many groups. */
class LyingDriver extends SqliteDriver {
  readonly #file: string;
  #groups = 0;

  constructor(file: string) {
    const copy = `${file}.copy`;
    for (const part of ["", "-wal", "-shm"]) rmSync(copy + part, { force: true });
    if (existsSync(file)) copyFileSync(file, copy);
    super({ file: copy, durability: "normal", busyTimeoutMs: 5_000, maxPages: 0 });
    this.#file = file;
  }

  override async commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<DriverOutcome[]> {
    const outcomes = await super.commit(transactions, nowMs);
    if (++this.#groups % 10 === 0) {
      const whole = `${this.#file}.whole`;
      rmSync(whole, { force: true });
      const database = new DatabaseSync(`${this.#file}.copy`);
      database.exec(`VACUUM INTO '${whole}'`);
      database.close();
      renameSync(whole, this.#file);
    }
    return outcomes;
  }
}

export const lyingStore = defineStorage({
  name: store,
  version: "0.0.1",
  config: configSchema<{ readonly file: string }>({ file: textKey(undefined, /./, "is the path of a file") }),
  open: ({ file }) => Promise.resolve().then(() => new LyingDriver(file)),
});

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
  const [file = "", how = "load"] = process.argv.slice(2);
  const system = await startSystem({ threads: 1, spare: false, watchdog: false, scheduler: { store } });
  const plugin = how === "lie" ? lyingStore : storageSqlite;
  await system.startPlugins([{ plugin, config: { file, ...(how !== "lie" && { durability: "normal" }) } }]);
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
