/**
 * Where the process may be told to die, to show that nothing is lost by it: `MOFA_FAIL_POINT=<name>:<n>` kills it with SIGKILL the
 * n-th time that it comes past. Without the variable nothing is there.
 */

/** Of a group of writes: nothing of it has gone to the store; all has, and none is kept; all is kept, and nobody knows. */
export const failPoints = ["before-write", "before-commit", "before-answer"] as const;
export type FailPoint = (typeof failPoints)[number];

const [wanted = "", count = "1"] = (process.env["MOFA_FAIL_POINT"] ?? "").split(":");
let left = Number(count);

export function failPoint(name: FailPoint): void {
  if (name !== wanted || --left > 0) return;
  process.kill(process.pid, "SIGKILL");
  // The signal comes in its own time, and nothing may be done in it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
