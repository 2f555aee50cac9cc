/** Texts that agents remember: found by their words and, where a model makes vectors of them, by their meaning. In the store, so that they are there in the next run. */
import {
  defineTools,
  modelOf,
  modelVersion,
  type Plugin,
  type PluginBus,
  storageCapability,
  storageOf,
  type ToolsHandlers,
} from "../../core/index.ts";
import { Collections } from "./collections.ts";
import { memoryConfig } from "./config.ts";
import { Embedder } from "./embedder.ts";
import { MemoryKeys } from "./memory-keys.ts";
import { memoryToolList } from "./memory-tools.ts";
import { Recall } from "./recall.ts";

export type { MemoryConfig } from "./config.ts";

export interface MemoryTools {
  /** What it stands on, beside the store: the plugin of a model whose `embed` makes vectors, by its name, or with the model that it is asked for. Default: none, and texts are found by their words. */
  readonly over?: { readonly embeddings?: string | { readonly plugin: string; readonly model: string } };
  /** Its own name. Default `tool-memory`. */
  readonly name?: string;
}

/** @throws RuntimeError `bad_argument`. */
export function memoryTools({ over = {}, name = "tool-memory" }: MemoryTools = {}): Plugin<ToolsHandlers> {
  const { embeddings } = over;
  const from = typeof embeddings === "string" ? { plugin: embeddings, model: undefined } : embeddings;
  return defineTools({
    name,
    version: "0.1.0",
    requires: [storageCapability, ...(from === undefined ? [] : [{ name: from.plugin, version: modelVersion }])],
    config: memoryConfig,
    open(config, _signal, bus) {
      const store = storageOf(patient(bus, config.timeoutMs));
      const keys = new MemoryKeys(config.namespace);
      const embedder = from && new Embedder(modelOf(bus, from.plugin), from.model);
      const collections = new Collections(store, keys, config);
      const recall = new Recall(store, keys, collections, embedder, config);
      const tools = memoryToolList({ collections, recall, embedder, config, wallMs: () => bus.wallMs() });
      return { tools: () => tools, health: () => embedder?.health ?? { status: "up" } };
    },
  });
}

/** A large document takes a store longer than a call has by default: the time of the tool is the limit. */
function patient(bus: PluginBus, timeoutMs: number): Pick<PluginBus, "request"> {
  return { request: (capability, call, argument) => bus.request(capability, call, argument, { timeoutMs }) };
}
