/**
 * A process that writes to a store until it is killed: `node storage-writer.js <store> <config as JSON> <first number> [fault]`. What was
 * answered it says, a line each, by a write that has reached the pipe when it returns.
 */
import { startSystem } from "../../../index.ts";
import { durableStore, type StoreConfig } from "../durable-stores.ts";
import { brokenStore } from "./broken-stores.ts";
import { say } from "./say.ts";
import { lanes, runLane } from "./storage-work.ts";

const [store = "", json = "{}", first = "1", fault] = process.argv.slice(2);
const config = JSON.parse(json) as StoreConfig;
const system = await startSystem({ threads: 1, spare: false });
const use =
  fault === undefined
    ? { plugin: durableStore(store).plugin, config }
    : { plugin: brokenStore, config: { store, of: config, fault } };
await system.startPlugins([use]);
const [plugin] = await system.plugins();
let number = Number(first);
const work = {
  call: (name: string, argument: unknown) => system.call(`plugin.${plugin?.name}`, name, argument),
  next: () => number++,
  say,
  failed: (line: string, error: unknown) => {
    throw new Error(line, { cause: error });
  },
  isOver: () => false,
};
await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane, work)));
