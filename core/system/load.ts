/**
 * The way to a running system. Only who starts one loads it: the face of `core` is loaded by every thread and every process
 * of an actor too, which define behaviours and start nothing.
 */

/** What starts a system, and what it is then. */
export async function loadSystem() {
  const { bootSystem, System } = await import("./start.ts");
  return { bootSystem, System };
}
