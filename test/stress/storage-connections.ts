/**
 * The connections of a store to its server are ended in the midst of transactions, again and again: from the server's side, before
 * a commit gets there, and before its answer comes back, or nothing comes there any more and nobody says so. What was answered is there, what was refused as not kept is not, and
 * of what is in doubt there is all or nothing.
 */
import { parseArgs } from "node:util";
import { RuntimeError, SeededRandom } from "../../core/index.ts";
import { startSystem } from "../../index.ts";
import { TcpRelay } from "../support/tcp-relay.ts";
import { lanes, runLane } from "./behaviours/storage-work.ts";
import { type DurableStore, durableStores, usableStores } from "./durable-stores.ts";
import { StorageLedger } from "./storage-ledger.ts";
import { check, progress, report } from "./stress-report.ts";

const { values } = parseArgs({ options: { cuts: { type: "string", default: "200" } } });
const cuts = Number(values.cuts);
/** Answers until the next cut, at most. */
const answersMax = 60;

async function cutConnections(store: DurableStore, server: NonNullable<DurableStore["server"]>) {
  const startedAt = performance.now();
  const random = new SeededRandom(1);
  const config = store.config("cut");
  await using relay = await TcpRelay.open(server.url);
  await using system = await startSystem({ threads: 1, spare: false });
  const ledger = new StorageLedger();
  const counts = { refused: 0, inDoubt: 0 };
  let restarts = 0;
  system.events.on("restarted", () => restarts++);
  let number = 1;
  let isOver = false;
  /** Until the next cut. */
  let left = 1;
  let wake = (): void => {};
  const work = {
    call: (name: string, argument: unknown) => system.call(`plugin.${store.name}`, name, argument),
    next: () => number++,
    say: (line: string) => {
      ledger.add(line);
      if (--left === 0) wake();
    },
    failed: (line: string, error: unknown) => {
      const code = error instanceof RuntimeError ? error.code : undefined;
      if (code === "storage_failed") {
        counts.refused++;
        ledger.refuse(line);
      } else if (code === "storage_in_doubt") counts.inDoubt++;
      else throw new Error(`${line} of ${store.name}`, { cause: error });
    },
    isOver: () => isOver,
  };
  try {
    await system.startPlugins([{ plugin: store.plugin, config: { ...config, url: relay.url, silenceTimeoutMs: 100 } }]);
    const running = Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane, work)));
    const cutting = (async () => {
      for (let cut = 1; cut <= cuts; cut++) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          left = 1 + Math.floor(random.next() * answersMax);
        });
        const way = cut % 5;
        if (way === 0) await server.disconnect(relay.ports());
        else if (way <= 2) await relay.cutAt("COMMIT", way === 1 ? "before" : "after");
        else await relay.silenceAt("COMMIT", way === 3 ? "before" : "after");
        progress(`${store.name}: ${cut} of ${cuts} cuts, ${ledger.answered} writes answered`);
      }
      isOver = true;
    })();
    await Promise.all([running, cutting]);
    const driver = await store.open(config);
    const wrong = await ledger.wrongIn(driver, 0);
    await driver.close();
    check(wrong.length === 0, `${store.name} after ${cuts} cuts: ${wrong.join("; ")}`);
    check(restarts === 0, `${store.name} was started again ${restarts} times`);
    check(counts.refused > 0 && counts.inDoubt > 0, `${store.name}: ${JSON.stringify(counts)} of ${cuts} cuts`);
    check(ledger.answered > cuts, `only ${ledger.answered} writes to ${store.name} were answered`);
  } finally {
    await store.remove(config);
  }
  return { cuts, ...counts, answered: ledger.answered, durationMs: performance.now() - startedAt };
}

for (const store of await usableStores(durableStores.filter((one) => one.server !== undefined)))
  if (store.server !== undefined) report({ [store.name]: await cutConnections(store, store.server) });
