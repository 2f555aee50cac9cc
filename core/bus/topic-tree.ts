/** Items by pattern, found by topic: a tree of words, so that a look-up costs what the topic's words cost and not what there is. */

class Node<T> {
  readonly children = new Map<string, Node<T>>();
  /** Items of the pattern that ends here. */
  readonly items = new Set<T>();
}

export class TopicTree<T> {
  readonly #root = new Node<T>();

  /** Whether it holds nothing, not even a branch of what it held. */
  get isEmpty(): boolean {
    return this.#root.children.size === 0;
  }

  /** Items of one pattern. */
  itemsOf(words: readonly string[]): ReadonlySet<T> | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const word of words) node = node?.children.get(word);
    return node?.items;
  }

  add(words: readonly string[], item: T): void {
    let node = this.#root;
    for (const word of words) {
      let child = node.children.get(word);
      if (child === undefined) node.children.set(word, (child = new Node()));
      node = child;
    }
    node.items.add(item);
  }

  /** False when it was not there. Branches without items go. */
  delete(words: readonly string[], item: T): boolean {
    const path = [this.#root];
    for (const word of words) {
      const child = path.at(-1)?.children.get(word);
      if (child === undefined) return false;
      path.push(child);
    }
    const isDeleted = path.at(-1)?.items.delete(item) === true;
    for (let at = words.length; at > 0; at--) {
      const node = path[at] as Node<T>;
      if (node.items.size > 0 || node.children.size > 0) break;
      path[at - 1]?.children.delete(words[at - 1] as string);
    }
    return isDeleted;
  }

  /** Calls back with the items of every pattern that the topic matches; an item of two such patterns comes twice. */
  match(words: readonly string[], found: (item: T) => void): void {
    this.#match(this.#root, words, 0, found);
  }

  #match(node: Node<T>, words: readonly string[], at: number, found: (item: T) => void): void {
    if (at === words.length) {
      for (const item of node.items) found(item);
      return;
    }
    for (const item of node.children.get(">")?.items ?? []) found(item);
    const exact = node.children.get(words[at] as string);
    if (exact !== undefined) this.#match(exact, words, at + 1, found);
    const any = node.children.get("*");
    if (any !== undefined) this.#match(any, words, at + 1, found);
  }
}
