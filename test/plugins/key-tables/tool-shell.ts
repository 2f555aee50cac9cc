/** What users see of each key of `tool-shell`. */
import { stopwatchMs } from "../../../core/index.ts";
import { shellConfig } from "../../../plugins/tool-shell/config.ts";
import { toolShell } from "../../../plugins/tool-shell/index.ts";
import type { Config, KeyRun, KeyTable } from "./key-table.ts";
import { toolKeys } from "./tool-keys.ts";

const name = "tool-shell";

async function run({ start, call }: KeyRun, script: string, more: Config = {}, stdin?: string): Promise<unknown> {
  await start(more);
  const given = { program: "sh", arguments: ["-c", script], ...(stdin !== undefined && { stdin }) };
  const outcome = await call("callTool", { name: "run_program", arguments: given });
  return "code" in outcome ? outcome : JSON.parse((outcome.value as { readonly json: string }).json);
}

const looking =
  (script: string, more?: Config, stdin?: string) =>
  (of: KeyRun): Promise<unknown> =>
    run(of, script, more, stdin);

const slow = { tool: "run_program", arguments: { program: "sh", arguments: ["-c", "sleep 0.25"] } };
const sh = { name: "sh", path: "/bin/sh", arguments: [{ matches: "[^]*", isOption: true }], takesStdin: true };

export const table: KeyTable = {
  plugin: toolShell,
  name,
  schema: shellConfig,
  base: { enabled: true, needsApproval: false, programs: [sh] },
  keys: {
    ...toolKeys({ name, call: slow, slow: { ...slow, timeoutMs: 50 } }),
    enabled: { changed: true, look: looking("echo a") },
    programs: { changed: [sh], look: looking("echo a") },
    needsApproval: { changed: false, look: looking("echo a", { approvalTimeoutMs: 50 }) },
    cwd: { changed: "/usr", look: looking("pwd") },
    env: { changed: { GREETING: "hello" }, look: looking("echo $GREETING") },
    graceMs: {
      changed: 20,
      async look(of) {
        const startMs = stopwatchMs();
        await run(of, "trap '' TERM; (trap '' TERM; sleep 60) & exit 0");
        return stopwatchMs() - startMs >= 1_000;
      },
    },
    maxOutputBytes: { changed: 2, look: looking("echo hello") },
    maxDiscardedBytes: { changed: 2, look: looking("echo hello; sleep 0.2; exit 7", { maxOutputBytes: 1 }) },
    maxStdinBytes: { changed: 2, look: looking("cat", {}, "hello") },
    maxCpuS: { changed: 77, look: looking("ulimit -t") },
    maxMemoryBytes: { changed: 2 ** 30, look: looking("ulimit -v") },
    maxFileBytes: { changed: 2 ** 20, look: looking("ulimit -f") },
    maxOpenFiles: { changed: 77, look: looking("ulimit -n") },
  },
};
