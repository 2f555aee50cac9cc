/** What users see of the keys that every plugin of tools has. */
import { byDeadline, type ToolLimits } from "../../../core/index.ts";
import { toolsOf } from "../../../index.ts";
import type { KeyDifference, KeyRun } from "./key-table.ts";

export interface ToolKeysSetup {
  /** As the plugin is named. */
  readonly name: string;
  /** A call of a tool that does not come to its end in the turn in which it begins, and needs no approval. */
  readonly call: ToolCallOf;
  /** One that takes longer than `timeoutMs`, and less than a second. Default: `call`, which takes longer than 1 ms. */
  readonly slow?: ToolCallOf & { readonly timeoutMs: number };
}

interface ToolCallOf {
  readonly tool: string;
  readonly arguments?: unknown;
  /** Keys that the plugin needs for it. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export function toolKeys({
  name,
  call: usual,
  slow,
}: ToolKeysSetup): Readonly<Record<keyof ToolLimits, KeyDifference>> {
  const use = ({ call }: KeyRun, { tool, arguments: given = {} }: ToolCallOf = usual) =>
    call("callTool", { name: tool, arguments: given });
  const started = async (run: KeyRun, of: ToolCallOf = usual, more = {}) => await run.start({ ...of.config, ...more });
  /** Whether each of several that were asked for at once was refused for want of room. */
  const atOnce = async (run: KeyRun, calls: number) => {
    const outcomes = await Promise.all(Array.from({ length: calls }, () => use(run)));
    return outcomes.map((one) => "code" in one && one.code === "queue_full");
  };
  return {
    timeoutMs: {
      changed: slow?.timeoutMs ?? 1,
      async look(run) {
        await started(run, slow);
        const outcome = await use(run, slow);
        return "code" in outcome && outcome.code === "timeout";
      },
    },
    maxConcurrent: {
      changed: 1,
      async look(run) {
        await started(run, usual, { maxWaiting: 0 });
        return await atOnce(run, 2);
      },
    },
    maxWaiting: {
      changed: 0,
      async look(run) {
        await started(run, usual, { maxConcurrent: 1 });
        return await atOnce(run, 2);
      },
    },
    maxResultBytes: {
      changed: 1,
      async look(run) {
        await started(run);
        const outcome = await use(run);
        return "code" in outcome ? outcome.code : "given";
      },
    },
    approval: {
      changed: "all",
      async look(run) {
        await started(run, usual, { approvalTimeoutMs: 50 });
        const outcome = await use(run);
        return "code" in outcome ? outcome.code : "given";
      },
    },
    approvalTimeoutMs: {
      changed: 20,
      async look(run) {
        await started(run, usual, { approval: "all" });
        const controller = new AbortController();
        const cancel = byDeadline(400, () => controller.abort());
        const outcome = await toolsOf(run.system, name)
          .call(usual.tool, usual.arguments, { signal: controller.signal })
          .catch(({ code }: { readonly code?: unknown }) => code);
        cancel();
        return outcome;
      },
    },
  };
}
