/**
 * A running system with supervision, as `startSystem` gives it.
 *
 * In a file of its own, which only the start of a system loads: every thread and every process of an actor loads the front
 * door, to define behaviours.
 */
import {
  type AnyPlugin,
  type Api,
  type Behaviour,
  byDeadline,
  type ExitReason,
  type FirstThreads,
  type Isolation,
  loadSystem,
  type PackageState,
  type PluginFacts,
  type PluginHealth,
  pluginActorName,
  pluginFacts,
  pluginPackages,
  type Ref,
  type RefData,
  type SpawnOptions,
  type SpawnRest,
  type SystemOptions,
  type SystemParts,
  sameRef,
} from "./core/index.ts";
import {
  type DynamicSetup,
  type DynamicSupervisorHandle,
  dynamicSetup,
  isSupervisor,
  type PlacedPlugin,
  type PluginSupervision,
  type PluginUse,
  pluginSetup,
  type SupervisionHost,
  type SupervisorHandle,
  type SupervisorSetup,
  SystemTree,
  superviseDynamicOn,
  superviseOn,
} from "./supervisors/index.ts";

const { bootSystem, System } = await loadSystem();

/** A supervisor of the program, and why it ended, when it has. */
interface Tree {
  readonly ref: RefData;
  readonly exit: Promise<ExitReason>;
}

/** A plugin of a running system. */
export interface PluginInfo extends Omit<PluginFacts, "packages"> {
  /** `restarting`: it has ended, and is being started again, until its `init` is over. `given_up`: too often; nobody starts it any more, nor those of its list. */
  readonly state: "running" | "restarting" | "given_up";
  /** Its actor; undefined: it does not run. */
  readonly ref: Ref | undefined;
  /** Where it runs: as its use says, or else the plugin itself. */
  readonly isolation: Isolation;
  /** What it needs beside it, and what of it is missing. */
  readonly packages: readonly PackageState[];
  /** By its own word; `down` where it does not answer within a second. */
  readonly health: PluginHealth;
}

const healthTimeoutMs = 1_000;
/** Of one whose start has failed. */
const endTimeoutMs = 5_000;

/** One that was started. */
interface StartedPlugin extends PlacedPlugin {
  isGivenUp: boolean;
}

/** A running system with supervision. */
export class MofaSystem extends System {
  /** Every supervisor that the program has spawned and that has not ended, in the order of their spawns. */
  readonly #trees = new Set<Tree>();
  /** The supervisor of the runtime's own actors, once there is one. */
  readonly #systemTrees = new Set<Tree>();
  /** Those that were started, and were not told to end, by name. */
  readonly #plugins = new Map<string, StartedPlugin>();
  /** Those whose start is under way. */
  readonly #starting = new Set<PluginFacts>();
  readonly #supervision = this.#supervisionOf(this.#trees);

  constructor(parts: SystemParts) {
    super(parts);
    const services = new SystemTree({
      spawn: this.#supervisionOf(this.#systemTrees).spawn,
      call: (target, name, argument, options) => this.call(target, name, argument, options),
      exit: (ref, reason) => this.exit(ref, reason),
      onShutdown: (listener) => parts.events.on("shutdown", listener),
      ended: (reason) => void this.end(reason),
    });
    parts.host.startService = (service) => services.start(service);
  }

  /** As `System.spawn`. A supervisor is stopped as one that was started by `supervise`: in order, before everybody else. */
  override async spawn<A, P extends Api>(
    behaviour: Behaviour<A, P>,
    ...rest: SpawnRest<A, SpawnOptions>
  ): Promise<Ref<P>> {
    if (!isSupervisor(behaviour)) return await super.spawn(behaviour, ...rest);
    const { ref, started } = this.#spawnTree(this.#trees, behaviour, ...rest);
    await started;
    return ref;
  }

  /**
   * Starts a supervisor and awaits its children's start. It runs on main unless placed elsewhere, so that the loss of a
   * thread never takes it; its children are spread over the threads unless they say otherwise.
   * @throws RuntimeError `start_failed` with the supervisor's reason as cause, and what else `spawn` throws.
   */
  async supervise(setup: SupervisorSetup, options?: SpawnOptions): Promise<SupervisorHandle> {
    return await superviseOn(this.#supervision, setup, options);
  }

  /** The same for children of one template that come and go (OTP's simple_one_for_one). */
  async superviseDynamic(setup: DynamicSetup, options?: SpawnOptions): Promise<DynamicSupervisorHandle> {
    return await superviseDynamicOn(this.#supervision, dynamicSetup(setup), options);
  }

  /**
   * Starts plugins under a supervisor of their own, each after those that provide what it requires. Resolves when all have
   * started; else none of them runs. They stop in the reverse order: with the system, or by `exit` of the handle's `ref`.
   * @throws RuntimeError `bad_argument`, `plugin_conflict`, `plugin_missing`, `plugin_cycle`, `package_missing`; `start_failed`,
   *   with why as its cause.
   */
  async startPlugins(
    plugins: readonly (AnyPlugin | PluginUse)[],
    options?: PluginSupervision,
  ): Promise<SupervisorHandle> {
    const running = [...this.#plugins].filter(([, { isGivenUp }]) => !isGivenUp);
    const facts = new Map(running.map(([name, { plugin }]) => [name, pluginFacts(plugin)]));
    const { setup, order } = pluginSetup(plugins, options, facts, [...this.#starting]);
    // Another list that comes before this one has started finds their names and capabilities taken.
    for (const { plugin } of order) this.#starting.add(pluginFacts(plugin));
    try {
      return await this.#startInOrder(setup, order);
    } finally {
      for (const { plugin } of order) this.#starting.delete(pluginFacts(plugin));
    }
  }

  async #startInOrder(setup: SupervisorSetup, order: readonly PlacedPlugin[]): Promise<SupervisorHandle> {
    const names = order.map(({ plugin }) => pluginActorName(pluginFacts(plugin).name));
    const before = new Set(names.filter((name) => this.whereis(name) !== undefined));
    let handle: SupervisorHandle;
    try {
      handle = await this.supervise(setup);
    } catch (error) {
      // One that hangs was killed, and has its name until its thread can end it: the next try would not get that.
      await Promise.all(names.filter((name) => !before.has(name)).map((name) => this.#endOf(name)));
      throw error;
    }
    const started = order.map((one) => ({ ...one, isGivenUp: false }));
    for (const one of started) this.#plugins.set(pluginFacts(one.plugin).name, one);
    // A supervisor that has given up ends with `shutdown`, like one that was told to (OTP): why, the event says.
    let hasGivenUp = false;
    const unlisten = this.events.on("shutdown", ({ supervisor, reason }) => {
      if (sameRef(supervisor, handle.ref)) hasGivenUp = reason === "reached_max_restart_intensity";
    });
    void handle.exit.then(() => {
      unlisten();
      for (const one of started) {
        one.isGivenUp = hasGivenUp;
        const { name } = pluginFacts(one.plugin);
        if (!hasGivenUp && this.#plugins.get(name) === one) this.#plugins.delete(name);
      }
    });
    return handle;
  }

  /** Resolves when nobody has the name any more, and after some seconds in any case: native code may hold a thread for ever. */
  async #endOf(name: string): Promise<void> {
    const ref = this.whereis(name);
    if (ref === undefined) return;
    const { down } = await this.monitor(ref);
    let cancel = (): void => {};
    const deadline = new Promise<void>((resolve) => {
      cancel = byDeadline(endTimeoutMs, resolve);
    });
    await Promise.race([down, deadline]);
    cancel();
  }

  /** Every plugin that was started, in the order of their starts; also those that were given up, and not those that were told to end. */
  async plugins(): Promise<PluginInfo[]> {
    return await Promise.all(
      [...this.#plugins.values()].map(async ({ plugin, isolation, isGivenUp }) => {
        const facts = pluginFacts(plugin);
        const ref = isGivenUp ? undefined : this.whereis(pluginActorName(facts.name));
        const rest = { ...facts, isolation, packages: pluginPackages(plugin), ref };
        if (ref === undefined)
          return {
            ...rest,
            state: isGivenUp ? "given_up" : "restarting",
            health: { status: "down", detail: "it does not run" },
          };
        const health = this.#healthOf(ref);
        if (await Promise.race([this.#isStarting(ref), health.then(() => false)]))
          return { ...rest, state: "restarting", health: { status: "down", detail: "its start is not over" } };
        return { ...rest, state: "running", health: await health };
      }),
    );
  }

  /** So it answers no call yet. Where its thread is held nobody can tell. */
  async #isStarting(ref: Ref): Promise<boolean> {
    try {
      const { state } = await this.info(ref);
      return state === "created" || state === "initializing";
    } catch {
      return false; // it has ended, or its thread does not answer: its health says so
    }
  }

  async #healthOf(ref: Ref): Promise<PluginHealth> {
    try {
      return (await ref.call("health", undefined, { timeoutMs: healthTimeoutMs })) as PluginHealth; // as every plugin answers
    } catch (error) {
      return { status: "down", detail: (error as Error).message };
    }
  }

  /** It is a tree from its spawn on, so that a stop finds it also while its children are starting. */
  #spawnTree<A, P extends Api>(
    trees: Set<Tree>,
    behaviour: Behaviour<A, P>,
    ...rest: SpawnRest<A, SpawnOptions>
  ): Tree & { readonly ref: Ref<P>; readonly started: Promise<void> } {
    const { ref, started, down } = this.spawnMonitor(behaviour, ...rest);
    const tree = { ref, started, exit: down.then(({ reason }) => reason) };
    trees.add(tree);
    void tree.exit.then(() => trees.delete(tree));
    return tree;
  }

  #supervisionOf(trees: Set<Tree>): SupervisionHost {
    return {
      thread: 0,
      spawn: (behaviour, argument, options) => this.#spawnTree(trees, behaviour, argument, options),
    };
  }

  /** Last spawned, first stopped, and those of the runtime after those of the program. */
  protected override async stopTrees(
    exit: (ref: RefData, reason: ExitReason) => void,
    reason: ExitReason,
  ): Promise<void> {
    for (const tree of [...this.#systemTrees, ...this.#trees].reverse()) {
      // Where it is a store's, it is to have what the others have come to.
      await this.storesWritten();
      exit(tree.ref, reason);
      await tree.exit;
    }
  }
}

/** @param frontDoor URL of the front door: a thread that stands by has loaded it. @param first its threads, which begin before this is loaded. */
export async function startMofaSystem(
  options: SystemOptions,
  frontDoor: string,
  first: FirstThreads,
): Promise<MofaSystem> {
  return new MofaSystem(await bootSystem(options, frontDoor, first));
}
