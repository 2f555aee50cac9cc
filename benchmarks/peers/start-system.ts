/** A program that starts a system of two threads, and tells when an actor of it has answered. */
import type { Told } from "./fresh-process.ts";

const importMs = performance.now();
const { startSystem } = await import("../../index.ts");
const { greeter } = await import("./greeter.ts");

await using system = await startSystem({ threads: 2, checks: false });
const ref = await system.spawn(greeter);
const answer = await ref.call("greet", Number(process.argv[2]));
const endMs = performance.now();
process.stdout.write(JSON.stringify({ answer, importMs, endMs } satisfies Told));
