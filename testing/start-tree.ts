/**
 * A supervision tree with named children, for tests of restarts: it runs on a system of its own with a manual clock, and
 * tells what happened as a list of short lines.
 *
 * All of it is on main, so that the list has one order; where children run is not what such a test is about.
 */
import { defineActor, type ExitReason, loadSystem, type Ref, reasonText, refKey, type System } from "../core/index.ts";
import {
  type ChildSpec,
  type SupervisorApi,
  type SupervisorFlags,
  type SupervisorSetup,
  supervisor,
} from "../supervisors/index.ts";
import { Probe, type Watch } from "./probe.ts";

/** A child without a start: the tree knows how to start it. */
export type TreeChild = Omit<ChildSpec, "start" | "id"> & { readonly id: string };

export interface TreeSetup extends Omit<SupervisorFlags, "childPlacement"> {
  /** In start order. A bare name is a permanent worker. */
  readonly children: readonly (string | TreeChild)[];
}

interface LeafStart {
  readonly tree: number;
  readonly id: string;
}

/** Told of each child's start, by tree: trees are on main, as their children are. */
const listeners = new Map<number, (id: string, ref: Ref) => void>();
let lastTree = 0;

/** The behaviour of every child: it throws what it is sent. */
export const treeLeaf = defineActor({
  name: "treeLeaf",
  module: import.meta.url,
  init({ tree, id }: LeafStart, ctx) {
    listeners.get(tree)?.(id, ctx.self);
  },
  receive(_state, message: Error) {
    throw message;
  },
});

export class TestTree implements AsyncDisposable {
  readonly system: System;
  readonly #number: number;
  readonly #stopListening: () => void;
  /** Each child's latest actor, and the child of every actor there was. */
  readonly #refs = new Map<string, Ref>();
  readonly #ids = new Map<string, string>();
  #lines: string[] = [];
  #ref: Ref<SupervisorApi> | undefined;
  #watch: Watch | undefined;

  private constructor(system: System, number: number) {
    this.system = system;
    this.#number = number;
    this.#stopListening = system.events.on("exited", ({ ref, reason }) => {
      const id = this.#ids.get(refKey(ref));
      if (id !== undefined) this.#lines.push(lineOf(id, reason));
    });
    listeners.set(number, (id, ref) => {
      this.#refs.set(id, ref);
      this.#ids.set(refKey(ref), id);
      this.#lines.push(`${id} started`);
    });
  }

  /** Starts the tree; what `events` tells begins afterwards. @throws RuntimeError `start_failed`. */
  static async start({ children, ...flags }: TreeSetup): Promise<TestTree> {
    const { bootSystem, System } = await loadSystem();
    const tree = new TestTree(new System(await bootSystem({ threads: 1, spare: false, clock: "manual" })), ++lastTree);
    try {
      await tree.#begin({
        ...flags,
        childPlacement: { thread: 0 },
        children: children.map((child) => tree.#spec(child)),
      });
    } catch (error) {
      await tree[Symbol.asyncDispose]();
      throw error;
    }
    return tree;
  }

  get clock(): System["clock"] {
    return this.system.clock;
  }

  /** The supervisor itself, to ask it anything. */
  get supervisor(): Ref<SupervisorApi> {
    if (this.#ref === undefined) throw new Error("the tree has not started");
    return this.#ref;
  }

  /** The latest actor of a child. */
  child(id: string): Ref {
    const ref = this.#refs.get(id);
    if (ref === undefined)
      throw new Error(`no child "${id}" was started (there are: ${[...this.#refs.keys()].join(", ")})`);
    return ref;
  }

  /** Lets a child throw that error in its next turn. */
  crash(id: string, error: Error = new Error("crashed")): void {
    void this.child(id).send(error);
  }

  async crashAndSettle(id: string, error?: Error): Promise<void> {
    this.crash(id, error);
    await this.settled();
  }

  settled(): Promise<void> {
    return this.system.settled();
  }

  /** What happened since the tree has started: `index started`, `index failed: disk full`, `agent stopped: shutdown`. */
  events(): readonly string[] {
    return [...this.#lines];
  }

  /** Why the supervisor ended. @throws Error when the system has settled and it has not. */
  async exitReason(): Promise<ExitReason> {
    if (this.#watch === undefined) throw new Error("the tree has not started");
    return await this.#watch.reason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    listeners.delete(this.#number);
    await this.system.stop();
  }

  async #begin(setup: SupervisorSetup): Promise<void> {
    const parent = await Probe.start(this.system);
    this.#ref = await parent.run((ctx) => ctx.start(supervisor, setup, { placement: { thread: 0 } }));
    this.#watch = await parent.watch(this.#ref);
    this.#lines = [];
  }

  #spec(child: string | TreeChild): ChildSpec {
    const spec = typeof child === "string" ? { id: child } : child;
    return { ...spec, start: [treeLeaf, { tree: this.#number, id: spec.id } satisfies LeafStart] };
  }
}

/** Starts a supervision tree for a test. `await using` closes it, its system included. */
export function startTree(setup: TreeSetup): Promise<TestTree> {
  return TestTree.start(setup);
}

function lineOf(id: string, reason: ExitReason): string {
  if (typeof reason === "object" && "error" in reason) return `${id} failed: ${(reason.error as Error).message}`;
  return `${id} stopped: ${reasonText(reason)}`;
}
