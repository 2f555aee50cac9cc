/** Calls of tools that one line has asked for, several at a time. */
import type { MofaSystem, ToolDelta } from "../../index.ts";
import type { AttachRequest } from "./attach-protocol.ts";
import { AttachedPlugins } from "./attached-plugins.ts";

type CallRequest = AttachRequest & { readonly verb: "callTool" };

/** Calls at a time; for more the line is not read on. */
const callsMax = 256;

export class ToolCalls {
  readonly #plugins: AttachedPlugins;
  readonly #running = new Map<number, AbortController>();
  readonly #settled = new Set<Promise<void>>();

  constructor(system: MofaSystem) {
    this.#plugins = new AttachedPlugins(system);
  }

  /** Resolves when there is room for another. @param tell deltas @param end what it comes to */
  async begin(
    request: CallRequest,
    tell: (delta: ToolDelta) => void,
    end: (outcome: { readonly json: string } | { readonly error: unknown }) => void,
  ): Promise<void> {
    const controller = new AbortController();
    this.#running.set(request.id, controller);
    const call = this.#plugins
      .callTool(request, controller.signal, tell)
      .then(
        (json) => end({ json }),
        (error: unknown) => end({ error }),
      )
      .finally(() => {
        this.#running.delete(request.id);
        this.#settled.delete(call);
      });
    this.#settled.add(call);
    while (this.#settled.size >= callsMax) await Promise.race(this.#settled);
  }

  giveUp(call: number): boolean {
    const controller = this.#running.get(call);
    controller?.abort();
    return controller !== undefined;
  }

  giveUpAll(): void {
    for (const controller of this.#running.values()) controller.abort();
  }
}
