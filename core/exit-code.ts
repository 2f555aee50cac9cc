/** The code that a call of `process.exit` is about. */

/**
 * The number that `process.exit`, called with these arguments, ends its thread or process with.
 *
 * @throws what Node throws for a code that is no integer (`ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`).
 */
export function exitCodeOf(args: readonly unknown[]): number {
  if (args.length === 0) return Number(process.exitCode ?? 0);
  const before = process.exitCode;
  // Node's own check.
  process.exitCode = args[0] as number;
  const code = Number(process.exitCode ?? 0);
  process.exitCode = before;
  return code;
}
