/** Calls of tools that one line has asked for, several at a time. */
import { type MofaSystem, RuntimeError, type ToolDelta } from "../../index.ts";
import type { AttachRequest } from "./attach-protocol.ts";
import { AttachedPlugins } from "./attached-plugins.ts";

type CallRequest = AttachRequest & { readonly verb: "callTool" };

/** Calls at a time. */
const callsMax = 256;

export class ToolCalls {
  readonly #plugins: AttachedPlugins;
  readonly #running = new Map<number, AbortController>();

  constructor(system: MofaSystem) {
    this.#plugins = new AttachedPlugins(system);
  }

  /** @param tell deltas @param end what it comes to, also where it cannot begin */
  begin(
    request: CallRequest,
    tell: (delta: ToolDelta) => void,
    end: (outcome: { readonly json: string } | { readonly error: unknown }) => void,
  ): void {
    const { id } = request;
    // Others wait on the same line, and the words that let these go on.
    if (this.#running.size >= callsMax)
      return end({ error: new RuntimeError("queue_full", `${callsMax} calls of one line are under way already`) });
    if (this.#running.has(id))
      return end({ error: new RuntimeError("bad_argument", `a call with the id ${id} is under way already`) });
    const controller = new AbortController();
    this.#running.set(id, controller);
    void this.#plugins
      .callTool(request, controller.signal, tell)
      .then(
        (json) => end({ json }),
        (error: unknown) => end({ error }),
      )
      .finally(() => this.#running.delete(id));
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
