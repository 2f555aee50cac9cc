/** The living actors under those that have started them. */
import { refKey } from "../actor/ref.ts";
import type { ActorInfo } from "../kernel/controls.ts";

export interface ActorNode extends ActorInfo {
  /** Whom it has spawned, and who lives; in the order of the list that the forest was made of. */
  readonly children: readonly ActorNode[];
}

/** The forest of a list of actors. Whose parent is none of them (the program, or one that has ended) is a root. */
export function treeOf(actors: readonly ActorInfo[]): readonly ActorNode[] {
  const nodes = new Map(actors.map((info) => [refKey(info.ref), { ...info, children: [] as ActorNode[] }]));
  const roots: ActorNode[] = [];
  for (const node of nodes.values()) {
    const parent = node.parent === undefined ? undefined : nodes.get(refKey(node.parent));
    (parent?.children ?? roots).push(node);
  }
  return roots;
}
