/** The configuration of `tool-shell`. */
import { type ConfigKey, configSchema, countKey, type ToolLimits, toolLimits } from "../../core/index.ts";
import { markName } from "./process-family.ts";
import { isPlace, isProgram, isText, type Program } from "./programs.ts";

export interface ShellConfig extends ToolLimits {
  /** Nothing is run without it. Default false. */
  readonly enabled: boolean;
  /** Those that may be run. Default none. */
  readonly programs: readonly Program[];
  /** Somebody has to approve of each run. Default true. */
  readonly needsApproval: boolean;
  /** Where programs run. Default `/`. */
  readonly cwd: string;
  /** All of their environment, but for a mark by which a run's processes are found. Default `PATH=/usr/bin:/bin` and `LANG=C.UTF-8`. */
  readonly env: Readonly<Record<string, string>>;
  /** Between SIGTERM and SIGKILL. Default 2,000. */
  readonly graceMs: number;
  /** Of stdout, and as much of stderr; the rest is left out. Default 65,536. */
  readonly maxOutputBytes: number;
  /** What is read beyond that before the program is ended. Default 16,777,216. */
  readonly maxDiscardedBytes: number;
  /** Of what a program is given to read. Default 65,536. */
  readonly maxStdinBytes: number;
  /** Limits of the system, for each process of a run. Default 0: none but those of the program that runs MoFA. */
  readonly maxCpuS: number;
  /** Of address space. */
  readonly maxMemoryBytes: number;
  /** Of a file that it writes. */
  readonly maxFileBytes: number;
  readonly maxOpenFiles: number;
}

export const shellConfig = configSchema<ShellConfig>({
  ...toolLimits,
  enabled: flagKey(false),
  programs: {
    initial: [],
    isRight: (value) =>
      Array.isArray(value) && value.every(isProgram) && new Set(value.map(({ name }) => name)).size === value.length,
    what: "is a list of { name, path, description, before, arguments, maxArguments, takesStdin }, each with its own name and a path from the root",
  },
  needsApproval: flagKey(true),
  cwd: { initial: "/", isRight: isPlace, what: "is a path from the root" },
  env: {
    initial: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" },
    isRight: isEnvironment,
    what: `has texts by name, and none called ${markName}`,
  },
  graceMs: countKey(2_000, 0),
  maxOutputBytes: countKey(65_536, 1),
  maxDiscardedBytes: countKey(16_777_216, 0),
  maxStdinBytes: countKey(65_536, 0),
  maxCpuS: countKey(0, 0),
  maxMemoryBytes: countKey(0, 0, Number.MAX_SAFE_INTEGER),
  maxFileBytes: countKey(0, 0, Number.MAX_SAFE_INTEGER),
  maxOpenFiles: countKey(0, 0),
});

function flagKey(initial: boolean): ConfigKey<boolean> {
  return { initial, isRight: (value) => typeof value === "boolean", what: "is true or false" };
}

function isEnvironment(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, text]) => /^[A-Za-z_]\w*$/.test(name) && name !== markName && isText(text),
  );
}
