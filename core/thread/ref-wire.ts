/** How refs cross to another thread: four numbers on the wire, an object in hand on either side. */
import type { ByteSink } from "./byte-sink.ts";

export interface RefParts {
  readonly node: number;
  readonly thread: number;
  readonly slot: number;
  readonly generation: number;
}

/** What the codec must know of refs. Methods, so that a wire for a narrower type of ref will do. */
export interface RefWire {
  isRef(value: object): boolean;
  toWire(ref: object): RefParts;
  fromWire(node: number, thread: number, slot: number, generation: number): object;
}

export function writeRef(out: ByteSink, parts: RefParts): void {
  out.number(parts.node);
  out.number(parts.thread);
  out.number(parts.slot);
  out.number(parts.generation);
}
