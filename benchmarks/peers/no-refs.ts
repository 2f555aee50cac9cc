/** For messages without refs. */
import type { RefWire } from "../../core/thread/value-codec.ts";

export const noRefs: RefWire = {
  isRef: () => false,
  toWire: () => ({ node: 0, thread: 0, slot: 0, generation: 0 }),
  fromWire: () => ({}),
};
