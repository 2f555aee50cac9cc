/** What users see of each key of a plugin of `wasmPlugin`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasmConfig } from "../../../plugins/wasm/config.ts";
import { module as plugin } from "../../fixtures/wasm-plugins.ts";
import { abiModule, echo, jsonEcho, wasmOf } from "../../support/wat.ts";
import { type KeyDifference, type KeyTable, outcomeOf } from "./key-table.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-key-table-"));
const [file, otherFile] = [join(folder, "one.wasm"), join(folder, "other.wasm")];
const module = abiModule();
const other = abiModule({ handle: jsonEcho });
const input = Uint8Array.of(1, 2);

const grow = '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))';
const growExport = { grow: { parameters: ["i32"], results: ["i32"] } };
const downExport = { down: { parameters: ["i32"], results: ["i32"] } };
const deep = wasmOf(`(module (func $down (export "down") (param i32) (result i32)
  (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))`);

/** Starts it with these, and says what a call comes to, or the start. */
const asked =
  (more: object, call: string, argument: unknown): KeyDifference["look"] =>
  async (run) => {
    const started = await outcomeOf(run.start({ ...more }));
    return "code" in started ? started : await run.call(call, argument);
  };

export const table: KeyTable = {
  plugin,
  name: "module",
  schema: wasmConfig,
  base: {},
  async prepare() {
    writeFileSync(file, module);
    writeFileSync(otherFile, other);
  },
  remove: async () => rmSync(folder, { recursive: true }),
  keys: {
    file: { from: file, changed: otherFile, look: asked({ kind: "bytes" }, "handle", input) },
    module: { from: module, changed: other, look: asked({ kind: "bytes" }, "handle", input) },
    kind: { changed: "bytes", look: asked({ module: other }, "handle", input) },
    exports: {
      changed: growExport,
      look: asked({ module: wasmOf(`(module (memory 1 1) ${grow})`), kind: "raw" }, "invoke", {
        name: "grow",
        args: [0],
      }),
    },
    grants: {
      changed: ["log"],
      look: asked(
        { module: abiModule({ fields: '(import "mofa" "log" (func (param i32 i32 i32)))' }), kind: "bytes" },
        "handle",
        input,
      ),
    },
    addMaximum: {
      changed: true,
      look: asked({ module: wasmOf(`(module (memory 1) ${grow})`), kind: "raw", exports: growExport }, "invoke", {
        name: "grow",
        args: [1],
      }),
    },
    memoryPagesMax: {
      changed: 255,
      look: asked({ module: wasmOf(`(module (memory 1 256) ${grow})`), kind: "raw", exports: growExport }, "invoke", {
        name: "grow",
        args: [1],
      }),
    },
    moduleBytesMax: { changed: 100, look: asked({ module, kind: "bytes" }, "handle", input) },
    messageBytesMax: { changed: 10, look: asked({ module, kind: "bytes" }, "handle", new Uint8Array(11)) },
    callTimeoutMs: {
      changed: 50,
      // Which ends first: it, or another one's call.
      async look({ start, call, startOther, callOther }) {
        const endless = { module: abiModule({ handle: "(loop (br 0)) (unreachable)" }), kind: "bytes" };
        await start(endless);
        await startOther({ ...endless, callTimeoutMs: 300 });
        const order: unknown[] = [];
        await Promise.all([
          call("handle", input).then((outcome) => order.push(["it", outcome])),
          callOther("handle", input).then(() => order.push("another")),
        ]);
        return order;
      },
    },
    startTimeoutMs: {
      changed: 50,
      async look({ start, startOther }) {
        const endless = { module: abiModule({ fields: "(func $spin (loop (br 0))) (start $spin)" }) };
        const order: unknown[] = [];
        await Promise.all([
          outcomeOf(start(endless)).then((outcome) => order.push(["it", outcome])),
          outcomeOf(startOther({ ...endless, startTimeoutMs: 1_000 })).then(() => order.push("another")),
        ]);
        return order;
      },
    },
    hostCallsMax: {
      changed: 2,
      look: asked(
        {
          module: abiModule({
            fields: '(import "mofa" "random" (func $random (param i32 i32)))',
            handle: `${"(call $random (i32.const 0) (i32.const 1))".repeat(3)} ${echo}`,
          }),
          kind: "bytes",
          grants: ["random"],
        },
        "handle",
        input,
      ),
    },
    stackMb: {
      changed: 32,
      look: asked({ module: deep, kind: "raw", exports: downExport }, "invoke", { name: "down", args: [100_000] }),
    },
  },
};
