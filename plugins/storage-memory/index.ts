/** Storage in memory: for tests, and for what may be gone when the plugin ends. */
import { defineStorage } from "../../core/index.ts";
import { MemoryDriver } from "./memory-driver.ts";

export const storageMemory = defineStorage({
  name: "storage-memory",
  version: "0.1.0",
  open: () => Promise.resolve(new MemoryDriver()),
});
