/** The granted functions of the host, as they run in the module's thread. What they are is in host-functions.ts. */
import { randomFillSync } from "node:crypto";
import { jsonDepthMax } from "./abi.ts";
import type { ActorInbox } from "./actor-inbox.ts";
import type { ModuleExports, ModuleImports } from "./engine.ts";
import { type HostFunctionName, hostModule, logBytesMax, logLevels, randomBytesMax } from "./host-functions.ts";
import { isDeeper } from "./json-depth.ts";
import { ModuleFault } from "./module-fault.ts";
import { ModuleMemory, packed } from "./module-memory.ts";

const looseText = new TextDecoder();
const strictText = new TextDecoder("utf-8", { fatal: true });

export class HostCalls {
  readonly #inbox: ActorInbox;
  readonly #callsMax: number;
  readonly #messageBytesMax: number;
  #left = 0;
  #exports: ModuleExports | undefined;

  constructor(inbox: ActorInbox, callsMax: number, messageBytesMax: number) {
    this.#inbox = inbox;
    this.#callsMax = callsMax;
    this.#messageBytesMax = messageBytesMax;
  }

  imports(granted: readonly HostFunctionName[]): ModuleImports {
    const all: Readonly<Record<HostFunctionName, (...numbers: number[]) => unknown>> = {
      log: (level, pointer, length) => this.#log(level as number, pointer as number, length as number),
      publish: (at, size, pointer, length) =>
        this.#publish(at as number, size as number, pointer as number, length as number),
      request: (pointer, length) => this.#request(pointer as number, length as number),
      random: (pointer, length) => this.#random(pointer as number, length as number),
    };
    return {
      [hostModule]: Object.fromEntries(
        granted.map((name) => [
          name,
          (...numbers: number[]) => {
            this.#count(name);
            return all[name](...numbers);
          },
        ]),
      ),
    };
  }

  /** A new instance, which has no exports before its start function has ended. */
  attach(exports: ModuleExports | undefined): void {
    this.#exports = exports;
  }

  /** A call of the module begins, or its start. */
  begin(): void {
    this.#left = this.#callsMax;
  }

  #count(name: string): void {
    if (this.#left === 0)
      throw new ModuleFault(
        "wasm_limit",
        `the module called the host for the ${this.#callsMax + 1}th time in one call (${hostModule}.${name}): hostCallsMax is ${this.#callsMax}`,
      );
    this.#left--;
  }

  #log(level: number, pointer: number, length: number): void {
    const word = logLevels[level];
    if (word === undefined) throw new ModuleFault("wasm_abi", `mofa.log: the level is 0 to 3, got ${level}`);
    const cut = Math.min(length >>> 0, logBytesMax);
    this.#inbox.say({ type: "log", level: word, text: looseText.decode(this.#bytes(pointer, cut, "log")) });
  }

  #publish(topicPointer: number, topicLength: number, pointer: number, length: number): void {
    const topic = this.#text(topicPointer, topicLength, "publish");
    this.#inbox.say({ type: "publish", topic, text: this.#json(pointer, length, "publish") });
  }

  #request(pointer: number, length: number): bigint {
    this.#inbox.say({ type: "request", text: this.#json(pointer, length, "request") });
    const word = this.#inbox.next();
    if (word.type !== "reply") throw new Error(`a reply was awaited, and ${word.type} came`);
    const { bytes } = word;
    const allocate = this.#instance("request")["mofa_alloc"] as (size: number) => number;
    const to = allocate(bytes.length) >>> 0;
    if (to === 0 && bytes.length > 0)
      throw new ModuleFault("wasm_abi", `mofa_alloc gave 0 for the ${bytes.length} bytes of a reply`);
    new ModuleMemory(this.#instance("request")).write(bytes, to, "mofa_alloc");
    return packed(to, bytes.length);
  }

  #random(pointer: number, length: number): void {
    const bytes = length >>> 0;
    if (bytes > randomBytesMax)
      throw new ModuleFault("wasm_abi", `mofa.random: at most ${randomBytesMax} bytes at once, got ${bytes}`);
    const drawn = randomFillSync(new Uint8Array(bytes));
    new ModuleMemory(this.#instance("random")).write(drawn, pointer >>> 0, "mofa.random");
  }

  /** Whoever gets it may go into its depth. */
  #json(pointer: number, length: number, name: string): string {
    const text = this.#text(pointer, length, name);
    if (isDeeper(this.#bytes(pointer, length, name), jsonDepthMax))
      throw new ModuleFault("wasm_abi", `mofa.${name}: JSON that is nested deeper than ${jsonDepthMax} levels`);
    return text;
  }

  #text(pointer: number, length: number, name: string): string {
    if (length >>> 0 > this.#messageBytesMax)
      throw new ModuleFault(
        "wasm_limit",
        `mofa.${name}: a text of ${length >>> 0} bytes, and messageBytesMax is ${this.#messageBytesMax}`,
      );
    const bytes = this.#bytes(pointer, length, name);
    try {
      return strictText.decode(bytes);
    } catch {
      throw new ModuleFault("wasm_abi", `mofa.${name}: bytes that are no UTF-8`);
    }
  }

  #bytes(pointer: number, length: number, name: string): Uint8Array {
    return new ModuleMemory(this.#instance(name)).copy(pointer >>> 0, length >>> 0, `mofa.${name}`);
  }

  #instance(name: string): ModuleExports {
    if (this.#exports === undefined)
      throw new ModuleFault(
        "wasm_abi",
        `mofa.${name}: called by the start function, before the module's memory can be reached`,
      );
    return this.#exports;
  }
}
