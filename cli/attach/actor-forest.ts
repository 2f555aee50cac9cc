/** The actors of a program as `mofa tree` shows them: under who has started whom, like children of one parent folded. */
import { type ActorNode, refKey } from "../../index.ts";
import { noActor } from "./actor-text.ts";
import type { ActorBranch, ActorForest, Unanswered } from "./attach-protocol.ts";

export interface ForestOptions {
  /** Name or ref of the actor whose tree it shall be; undefined: all. */
  readonly root?: string | undefined;
  /** Children without children that are shown, of each behaviour under one parent. */
  readonly limit?: number | undefined;
}

/** Children with children that are shown, for each that is shown without. */
const parentsFactor = 10;

/** @throws RuntimeError `noproc`: there is no such root. */
export function actorForest(
  nodes: readonly ActorNode[],
  unanswered: readonly Unanswered[],
  { root, limit = Number.POSITIVE_INFINITY }: ForestOptions,
): ActorForest {
  if (root === undefined) return { ...folded(nodes, limit), unanswered };
  const node = find(nodes, root);
  if (node === undefined) throw noActor(root);
  return { ...folded([node], limit), unanswered };
}

function find(nodes: readonly ActorNode[], root: string): ActorNode | undefined {
  for (const node of nodes) {
    const found = node.name === root || refKey(node.ref) === root ? node : find(node.children, root);
    if (found !== undefined) return found;
  }
  return undefined;
}

function folded(nodes: readonly ActorNode[], limit: number): Pick<ActorForest, "roots" | "more"> {
  const roots: ActorBranch[] = [];
  const seen = new Map<string, number>();
  const more: Record<string, number> = {};
  for (const node of [...nodes].sort(inOrder)) {
    const { behaviour, children } = node;
    const isParent = children.length > 0;
    const kind = `${isParent} ${behaviour}`;
    const before = seen.get(kind) ?? 0;
    seen.set(kind, before + 1);
    if (before >= (isParent ? limit * parentsFactor : limit)) more[behaviour] = (more[behaviour] ?? 0) + 1;
    else {
      const { roots: branches, more: left } = folded(children, limit);
      roots.push({ ...node, children: branches, more: left });
    }
  }
  return { roots, more };
}

const texts = new Intl.Collator("en", { numeric: true });

/** By child id or name, numbers by their value; then by ref. */
function inOrder(a: ActorNode, b: ActorNode): number {
  return texts.compare(idOf(a), idOf(b)) || a.ref.thread - b.ref.thread || a.ref.slot - b.ref.slot;
}

function idOf({ childId, name }: ActorNode): string {
  return String(childId ?? name ?? "");
}
