/** Modules of each kind, in each isolation of their plugin: what goes in, and what comes out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { Isolation } from "../../../index.ts";
import { checkedBytes } from "../../../plugins/wasm/raw-call.ts";
import { packageRoot } from "../../support/package-root.ts";
import { useSystem } from "../../support/use-system.ts";
import { useWasm } from "../../support/wasm-runner.ts";
import { abiModule, jsonEcho, wasmOf } from "../../support/wat.ts";

const system = useSystem({ clock: "system" });
const { start, startAbi, call, failure } = useWasm(system);

describe.each<Isolation>(["shared", "thread", "process"])("isolation %s", (isolation) => {
  test("kind bytes: the answer is the module's bytes, and a call of 64 KiB as good as an empty one", async () => {
    await start({ kind: "bytes", module: abiModule() }, { isolation });
    const bytes = Uint8Array.from({ length: 65_536 }, (_, at) => at % 251);
    expect(Buffer.compare((await call("handle", bytes)) as Uint8Array, bytes)).toBe(0);
    expect(await call("handle", new Uint8Array())).toEqual(new Uint8Array());
  });

  test("kind json: the module is told the call and its argument", async () => {
    await start({ module: abiModule({ handle: jsonEcho }) }, { isolation });
    const argument = { text: "Grüße \u{1f600}", list: [1, null, true] };
    expect(await call("handle", argument)).toEqual({ call: "handle", argument });
  });
});

test("of a view only its own bytes go to the module's thread, and not all of the buffer behind it", () => {
  const pool = Uint8Array.from({ length: 1_000 }, (_, at) => at % 251);
  const input = checkedBytes(new DataView(pool.buffer, 5, 2), "handle: the input", 100);
  expect([input, input.buffer.byteLength]).toEqual([Uint8Array.of(5, 6), 2]);
  expect(checkedBytes(pool, "handle: the input", 1_000).buffer).toBe(pool.buffer);
});

test("kind json: without an argument there is none in the text", async () => {
  await startAbi({ handle: jsonEcho }, { kind: "json" });
  expect(await call("handle")).toEqual({ call: "handle" });
});

test("kind json: what JSON cannot say is bad_argument", async () => {
  await startAbi({ handle: jsonEcho }, { kind: "json" });
  expect(await failure(call("handle", { big: 1n }))).toMatchObject({
    code: "bad_argument",
    message: expect.stringMatching(/^handle: the argument is no JSON: .*BigInt/),
  });
});

test("the module on the plugin's page works as it stands there", async () => {
  const page = readFileSync(join(packageRoot, "plugins/wasm/README.md"), "utf8");
  const [, text] = /```wat\n([\s\S]*?)```/.exec(page) ?? [];
  await start({ kind: "bytes", module: wasmOf(text ?? "") });
  expect(await call("handle", Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(1, 2, 3));
});
