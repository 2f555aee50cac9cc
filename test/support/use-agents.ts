/** Agents of a file's tests: a system with a model, tools and a store that these steer. */
import { beforeAll, beforeEach, expect } from "@jest/globals";
import type { ChatMessage, MofaSystem, PluginUse, RefData } from "../../index.ts";
import { steered, steeredBeside } from "../fixtures/steered-model.ts";
import { kept, steeredStore } from "../fixtures/steered-store.ts";
import { bench, toolBench, toolBeside } from "../fixtures/steered-tools.ts";
import { useSystem } from "./use-system.ts";

export function useAgents(more: readonly PluginUse[] = []): () => MofaSystem {
  const system = useSystem({ clock: "system" });
  beforeAll(async () => {
    await system().startPlugins([steeredStore, steered.plugin, steeredBeside.plugin, toolBench, toolBeside, ...more]);
  });
  beforeEach(() => {
    for (const one of [steered, steeredBeside, bench, kept]) one.forget();
  });
  return system;
}

let sessions = 0;
/** A name that no other test of the file has. */
export const newSession = (): string => `session-${++sessions}`;

/** What a promise comes to, or fails with. */
export const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

/** Ends an agent at once, and waits until it has. */
export async function kill(system: MofaSystem, ref: RefData): Promise<void> {
  system.exit(ref, "kill");
  while (system.isAlive(ref)) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Behind each message of the model with calls of tools come as many messages of tools, one for each call, before anybody says
 * anything else; and nowhere else is one.
 */
export function expectWhole(messages: readonly ChatMessage[]): void {
  for (let at = 0; at < messages.length; at++) {
    const message = messages[at] as ChatMessage;
    expect(message.role).not.toBe("tool");
    const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
    const behind = messages.slice(at + 1, at + 1 + calls.length);
    const answered = behind.map((one) => (one.role === "tool" ? one.toolCallId : one.role));
    expect(answered.sort()).toEqual(calls.map(({ id }) => id).sort());
    at += calls.length;
  }
}
