/**
 * A CPU profile of the thread that this runs in, by its own inspector, or a snapshot of its heap; written to a file there, since
 * either may be large, and would have to cross.
 *
 * Without promises, since a cut may drop a microtask. While a snapshot is taken the thread stands still.
 */
import { writeFileSync } from "node:fs";
import type { Session } from "node:inspector";
import { writeHeapSnapshot } from "node:v8";
import { afterMs } from "../clock.ts";
import { errorData, RuntimeError } from "../errors.ts";

export interface ProfileRequest {
  readonly kind: "cpu" | "heap";
  /** cpu: for how long. */
  readonly ms: number;
  /** Path of the file, which is made or written over. */
  readonly file: string;
}

/**
 * @param standStill called before the thread is held by the inspector for longer than a turn may.
 * @param done called once; with what went wrong, if anything did.
 */
export function takeProfile(request: ProfileRequest, standStill: () => void, done: (error?: unknown) => void): void {
  let session: Session | undefined;
  const end = (error?: unknown) => {
    session?.disconnect();
    session = undefined;
    done(error);
  };
  if (request.kind === "heap") {
    standStill();
    attempt(end, () => void writeHeapSnapshot(request.file));
    return;
  }
  try {
    // Loaded when it is asked for: few programs are profiled.
    const { Session: InspectorSession } = process.getBuiltinModule("node:inspector");
    session = new InspectorSession();
    session.connect();
    recordCpu(session, request, standStill, end);
  } catch (error) {
    end(error);
  }
}

function recordCpu(
  session: Session,
  { ms, file }: ProfileRequest,
  standStill: () => void,
  end: (error?: unknown) => void,
): void {
  session.post("Profiler.enable");
  session.post("Profiler.start", (failure) => {
    if (failure !== null) return end(failure);
    afterMs(ms, () => {
      standStill();
      session.post("Profiler.stop", (error, result) => {
        if (error !== null) return end(error);
        attempt(end, () => writeFileSync(file, JSON.stringify(result.profile)));
      });
    });
  });
}

function attempt(end: (error?: unknown) => void, work: () => void): void {
  try {
    work();
  } catch (error) {
    end(error);
    return;
  }
  end();
}

/** Why there is no profile. */
export function profileError(error: unknown): RuntimeError {
  const { message } = errorData(error);
  return new RuntimeError("profile_failed", `the profile could not be taken: ${message}`, { cause: error });
}
