/** Where a termination lands and what is left of the thread: one child process a place. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ExperimentOptions, ExperimentRecord } from "./experiment-record.ts";
import type { LandingReport } from "./landing-child.ts";

type Outcome = LandingReport | { readonly aborted: string };

async function land(place: string, flag: "flag" | "noflag"): Promise<Outcome> {
  const script = fileURLToPath(new URL("./landing-child.js", import.meta.url));
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  execFile(process.execPath, [script, place, flag], { timeout: 60_000 }, (error, stdout, stderr) => {
    if (error === null) {
      // The child prints one LandingReport.
      resolve(JSON.parse(stdout) as LandingReport);
      return;
    }
    const why = /Error: async hook stack has become corrupted[^\n]*/.exec(stderr)?.[0] ?? stderr.trim().split("\n")[0];
    resolve({ aborted: `${error.signal ?? error.code}: ${why}` });
  });
  return promise;
}

const allKinds = [
  "microtasks",
  "ticks",
  "immediates",
  "timers",
  "portMessages",
  "freshMicrotasks",
  "freshTicks",
  "freshImmediates",
  "freshTimers",
] as const;

/** The thread lives on, no `finally` ran, and of each kind both witnesses ran but for those of `dropped`. */
function survives(dropped?: (typeof allKinds)[number]): (outcome: Outcome) => boolean {
  return (outcome) => {
    if ("aborted" in outcome || outcome.report === undefined) return false;
    const { ran, caught } = outcome.report;
    return caught === 0 && allKinds.every((kind) => ran[kind] === (kind === dropped ? 0 : 2));
  };
}

const aborts = (outcome: Outcome): boolean => "aborted" in outcome;
const isNotReached = (outcome: Outcome): boolean => !("aborted" in outcome) && !outcome.isReached;

const expectations: readonly {
  readonly place: string;
  readonly flag?: "noflag";
  readonly holds: (outcome: Outcome) => boolean;
}[] = [
  { place: "port", holds: survives() },
  { place: "asyncLocalStorage", holds: survives() },
  { place: "eventTarget", holds: survives() },
  { place: "regex", holds: survives() },
  { place: "atomicsWait", holds: survives() },
  { place: "microtask", holds: survives("microtasks") },
  { place: "nextTick", holds: survives() },
  { place: "timeout", holds: survives() },
  { place: "timeout", flag: "noflag", holds: aborts },
  { place: "immediate", holds: survives("immediates") },
  { place: "immediate", flag: "noflag", holds: aborts },
  { place: "bigint", holds: isNotReached },
  { place: "pbkdf2", holds: isNotReached },
];

export async function landing(_options: ExperimentOptions): Promise<ExperimentRecord> {
  const details: Record<string, unknown> = {};
  let broken = 0;
  for (const { place, flag, holds } of expectations) {
    const outcome = await land(place, flag ?? "flag");
    const isAsExpected = holds(outcome);
    if (!isAsExpected) broken++;
    details[flag === undefined ? place : `${place} without the flag`] = {
      ...(isAsExpected ? {} : { unexpected: true }),
      ...outcome,
    };
  }
  return {
    name: "landing",
    expected:
      "clean in a port callback; a microtask or an immediate drops those queued behind it; timers and immediates abort the process without the flag; native code is not reached",
    ok: broken === 0,
    kills: expectations.length,
    broken,
    details,
  };
}

/** A load that was cut: the module stays pending in that thread, others load. */
export async function moduleTopLevel(_options: ExperimentOptions): Promise<ExperimentRecord> {
  const outcome = await land("module", "flag");
  const imports = "aborted" in outcome ? {} : (outcome.report?.imports ?? {});
  return {
    name: "module",
    expected: "the module that was cut pends for ever in the thread, who imports it fails with null; others load",
    ok:
      imports["first"] === "pending" &&
      imports["again"] === "pending" &&
      imports["importer"] === "null" &&
      imports["other"] === "loaded" &&
      imports["node"] === "loaded",
    kills: 1,
    broken: 0,
    details: { imports, outcome },
  };
}
