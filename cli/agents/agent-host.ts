/** A system with the agents of a module in it, each under its name, and restarted where it ends. */
import { type AgentAnswer, type AgentDelta, type AgentStart } from "../../actors/index.ts";
import type { StreamReader } from "../../core/index.ts";
import { type MofaSystem, startSystem } from "../../index.ts";
import { Journal } from "../run/journal.ts";
import { type AgentBehaviour, type AgentModule, nameOf } from "./agent-module.ts";

export class AgentHost implements AsyncDisposable {
  readonly system: MofaSystem;
  readonly name: string;
  readonly #journal: Journal;

  private constructor(system: MofaSystem, journal: Journal, name: string) {
    this.system = system;
    this.#journal = journal;
    this.name = name;
  }

  /**
   * @param session of all of them; undefined: they have none that is kept
   * @param err where crashes and the like are told
   * @throws what a plugin or an agent does not start for, by rejection.
   */
  static async start(
    { agent, others, plugins }: AgentModule,
    session: string | undefined,
    err: NodeJS.WritableStream,
  ): Promise<AgentHost> {
    const system = await startSystem();
    const host = new AgentHost(system, new Journal(system, err), nameOf(agent));
    try {
      if (plugins.length > 0) await system.startPlugins(plugins);
      const start: AgentStart | undefined = session === undefined ? undefined : { session };
      const child = (one: AgentBehaviour) => ({ id: nameOf(one), name: nameOf(one), start: [one, start] as const });
      await system.supervise({ children: [agent, ...others].map(child) });
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * One turn, as it comes.
   * @param call `ask`, `goOn` or `decide`
   * @param onDelta each part of it
   * @throws RuntimeError what it has failed with, by rejection.
   */
  async turn(
    call: string,
    argument: unknown,
    { signal, onDelta }: { readonly signal: AbortSignal; onDelta?(delta: AgentDelta): void },
  ): Promise<AgentAnswer> {
    const options = { signal, idleTimeoutMs: Number.POSITIVE_INFINITY };
    const reader: StreamReader = this.system.callStream(this.name, call, argument, options);
    for await (const delta of reader) onDelta?.(delta as AgentDelta);
    return reader.result as AgentAnswer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.system.stop();
    } finally {
      this.#journal[Symbol.dispose]();
    }
  }
}
