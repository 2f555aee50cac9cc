/**
 * Services: the runtime's own actors on main, each under a name that begins with `system.`.
 *
 * A service is a synchronous state machine over tables of main's kernel, which outlive it: whoever comes after it goes on
 * from there. Those names are theirs alone, so that no program can stand in a service's place.
 */
import { type Behaviour, type Handlers, makeBehaviour } from "../actor/behaviour.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import { describe, RuntimeError } from "../errors.ts";

/** What the names of the runtime's own actors begin with. */
const serviceNamePrefix = "system.";

export interface Service {
  /** `system.scheduler`, for instance. */
  readonly name: string;
  /** Of `serviceBehaviour`. It is started on main. */
  readonly behaviour: Behaviour<undefined>;
  /** There is none any more, and there will be none: the system ends. Called once, also when it never ran. */
  ended(reason: ExitReason): void;
}

/** What a service does; what its `format` tells is read as its state. `module`: `import.meta.url` of its own. */
export function serviceBehaviour(name: string, module: string, handlers: Handlers): Behaviour<undefined> {
  const { format } = handlers;
  return makeBehaviour({ name, module }, { ...handlers, isService: true, ...(format && { summary: format }) });
}

/** @throws RuntimeError `bad_argument` for a name of the runtime's own actors, unless it is for one. */
export function assertNoServiceName(name: string, verb: string, behaviour?: unknown): void {
  if (!name.startsWith(serviceNamePrefix)) return;
  if ((behaviour as Behaviour | undefined)?.handlers?.isService === true) return;
  throw new RuntimeError(
    "bad_argument",
    `${verb}: names that begin with "${serviceNamePrefix}" are the runtime's own, got ${describe(name)}`,
  );
}
