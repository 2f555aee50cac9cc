/**
 * 10,000 times: an actor with a name dies, and a watcher on another thread takes the name inside its down handler,
 * without a refusal.
 */
import { startSystem } from "../../index.ts";
import { heir } from "./behaviours/heir.ts";
import { check, report } from "./stress-report.ts";

const rounds = Number(process.argv[2] ?? 10_000);

const startedAt = performance.now();
const system = await startSystem({ threads: 2, spare: false });
const watcher = await system.spawn(heir, { name: "throne", holders: { thread: 2 } }, { placement: { thread: 1 } });
const result = await watcher.call("reign", rounds, { timeoutMs: Number.POSITIVE_INFINITY });
check(result.taken === rounds, `${result.taken} of ${rounds} names were taken`);
check(result.refused === 0, `${result.refused} refusals, first: ${result.firstRefusal}`);
check(result.stale === 0, `the dead holder was still found ${result.stale} times`);
await system.stop();
report({ rounds, taken: result.taken, refused: result.refused, durationMs: performance.now() - startedAt });
