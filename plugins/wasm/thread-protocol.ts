/** All that is said between a plugin's actor and the thread of its module. */
import type { MessagePort } from "node:worker_threads";
import type { HostFunctionName, ModuleLogLevel } from "./host-functions.ts";

/** What the thread starts with. */
export interface ThreadData {
  readonly port: MessagePort;
  /** One number, counted up with each word to the thread, which waits for it to change. */
  readonly toThread: Int32Array<SharedArrayBuffer>;
  /** The same for the words of the thread. */
  readonly fromThread: Int32Array<SharedArrayBuffer>;
  readonly module: Uint8Array;
  readonly isRaw: boolean;
  readonly isJson: boolean;
  readonly imports: readonly HostFunctionName[];
  readonly memoryPagesMax: number;
  readonly messageBytesMax: number;
  readonly hostCallsMax: number;
}

export type RawNumber = number | bigint;

export type Question =
  | { readonly type: "handle"; readonly bytes: Uint8Array }
  | { readonly type: "invoke"; readonly name: string; readonly args: readonly RawNumber[] }
  | { readonly type: "read"; readonly pointer: number; readonly length: number }
  | { readonly type: "write"; readonly pointer: number; readonly bytes: Uint8Array };

/** One question at a time; each has one `answer` or `failure`, of the same number. */
export type ToThread =
  | { readonly type: "ask"; readonly number: number; readonly question: Question }
  /** Of a `request`. */
  | { readonly type: "reply"; readonly bytes: Uint8Array };

export type FromThread =
  | { readonly type: "ready" }
  | { readonly type: "answer"; readonly number: number; readonly value: unknown }
  /** Number 0: of the start. */
  | { readonly type: "failure"; readonly number: number; readonly code: FaultCode; readonly message: string }
  | { readonly type: "log"; readonly level: ModuleLogLevel; readonly text: string }
  | { readonly type: "publish"; readonly topic: string; readonly text: string }
  | { readonly type: "request"; readonly text: string };

/** What becomes of a call in the thread; each is an error code of the runtime. */
export type FaultCode = "wasm_refused" | "wasm_trap" | "wasm_abi" | "wasm_limit" | "bad_argument";
