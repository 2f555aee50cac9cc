/**
 * Models that run on this machine, by llama.cpp and the package `node-llama-cpp`: `npm install node-llama-cpp`. They have a process
 * of their own: what ends that, a native crash or a full memory, ends the chats that were under way with `process_lost`, and
 * nobody else; the supervisor starts it anew.
 */
import { defineModel, RuntimeError } from "../../core/index.ts";
import { nativeConfig } from "./config.ts";

export const llmNative = defineModel({
  name: "llm-native",
  version: "0.1.0",
  packages: [{ name: "node-llama-cpp", version: "3.21.1" }],
  config: nativeConfig,
  isolation: ["process"],
  async open(config, signal, bus) {
    const { NativeDriver } = await import("./native-driver.ts").catch((error: unknown) => {
      throw new RuntimeError(
        "module_failed",
        "llm-native needs the package node-llama-cpp: npm install node-llama-cpp",
        { cause: error },
      );
    });
    return await NativeDriver.open(config, signal, (text) => bus.log("warning", text));
  },
});
