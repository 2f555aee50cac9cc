/**
 * Runs the benchmark files one after the other, each as a process of its own: `npm run bench`, `npm run bench -- --quick`,
 * or `npm run bench -- in-thread --filter call` for one file. Options are handed on; ends with the highest exit code.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const files = [
  "in-thread",
  "between-threads",
  "lookups",
  "codec",
  "bus",
  "events",
  "streams",
  "submit",
  "kept",
  "plugins",
  "storage",
  "recovery",
  "wasm",
  "processes",
  "kills",
];

const args = process.argv.slice(2);
const named = args[0] !== undefined && !args[0].startsWith("-");
const chosen = named ? files.filter((file) => file === args[0]) : files;
if (chosen.length === 0) {
  process.stderr.write(`no benchmark file "${args[0]}": there are ${files.join(", ")}\n`);
  process.exitCode = 2;
}
// The child hears Ctrl-C too and stops in order; we wait for it.
process.on("SIGINT", () => {});
for (const file of chosen) {
  const path = fileURLToPath(new URL(`./${file}.js`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, path, ...args.slice(named ? 1 : 0)], {
    stdio: "inherit",
  });
  const [code] = await once(child, "exit");
  process.exitCode = Math.max(Number(process.exitCode ?? 0), code ?? 1);
  if (code === 130) break;
}
