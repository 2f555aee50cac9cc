/** What is asked of `system.profile`, and the profile of main. */
import { resolve } from "node:path";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { type ProfileRequest, profileError, takeProfile } from "../thread/profiler.ts";
import { isInspectorAllowed } from "../thread/watchdog.ts";
import { inspectorRefused } from "../thread/watchdog-protocol.ts";

export interface ProfileOptions {
  /** `cpu`: where time goes, as a `.cpuprofile`. `heap`: what is in the heap, as a `.heapsnapshot`. Both are read by Chrome's developer tools. Default `cpu`. */
  readonly kind?: "cpu" | "heap";
  /** cpu: for how long, in milliseconds. Default 10,000. */
  readonly ms?: number;
  /** Path of the file, which is made or written over. */
  readonly file: string;
}

/** @throws RuntimeError `bad_argument`; `profile_failed`: a CPU profile where the inspector is refused. */
export function profileRequest(options: ProfileOptions): ProfileRequest {
  assertKeys("profile", options, ["kind", "ms", "file"] satisfies (keyof ProfileOptions)[]);
  const { kind = "cpu", ms = 10_000, file } = options;
  if (kind !== "cpu" && kind !== "heap")
    throw new RuntimeError("bad_argument", `profile: kind is "cpu" or "heap", got ${describe(kind)}`);
  if (!(typeof ms === "number" && ms > 0 && ms <= 3_600_000))
    throw new RuntimeError("bad_argument", `profile: ms is above 0 and at most 3,600,000, got ${describe(ms)}`);
  if (typeof file !== "string" || file === "")
    throw new RuntimeError("bad_argument", `profile: file is the path of a file, got ${describe(file)}`);
  if (kind === "cpu" && !isInspectorAllowed()) throw profileError(new Error(inspectorRefused));
  return { kind, ms: kind === "cpu" ? ms : 0, file: resolve(file) };
}

/** Of the thread that this runs in. */
export async function profileHere(request: ProfileRequest): Promise<void> {
  const { promise, resolve: ended, reject } = Promise.withResolvers<void>();
  const done = (error?: unknown) => (error === undefined ? ended() : reject(profileError(error)));
  takeProfile(request, () => {}, done);
  await promise;
}
