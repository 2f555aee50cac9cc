/** Holds a module to its limits before it is compiled: what it may import, must export, and how far its memory and tables may grow. */
import { abiExports, abiOptional, initializer, initializerSignature, memoryExport, pageBytes } from "./abi.ts";
import { countBytes, refused } from "./byte-reader.ts";
import type { WasmConfig } from "./config.ts";
import { type HostFunction, hostFunctions, hostModule } from "./host-functions.ts";
import { type Bounded, type ModuleImport, type ModuleShape, readShape, type Section } from "./module-shape.ts";
import { isSameSignature, type Signature, signatureText } from "./signature.ts";

/** Entries of one table, and tables. They lie in the thread's heap. */
const tableEntriesMax = 10_000;
const tablesMax = 16;

/** Of a name in a message, in UTF-16 units. */
const nameTextMax = 80;

/**
 * The module as it may be compiled; `addMaximum` has made other bytes of it.
 * @throws RuntimeError `wasm_refused`, with what is wrong and what to do.
 */
export function boundedModule(bytes: Uint8Array, config: WasmConfig): Uint8Array {
  if (bytes.length > config.moduleBytesMax) throw tooLarge(bytes.length, config.moduleBytesMax);
  const shape = readShape(bytes);
  for (const one of shape.imports) assertGranted(one, config.grants);
  const [memories, tables] = [boundedMemories(shape, config), boundedTables(shape, config)];
  assertExports(shape, config);
  return rewritten(bytes, [
    { section: shape.memorySection, id: 5, given: shape.memories, bounded: memories },
    { section: shape.tableSection, id: 4, given: shape.tables, bounded: tables },
  ]);
}

export function tooLarge(bytes: number, moduleBytesMax: number) {
  return refused(
    `the module has ${bytes} bytes, and moduleBytesMax is ${moduleBytesMax}: raise it, or build a smaller one (without its debug sections)`,
  );
}

function assertGranted({ module, name, kind, signature }: ModuleImport, grants: readonly string[]): void {
  const what = `${told(module)}.${told(name)}`;
  if (kind !== "function")
    throw refused(`the module imports the ${kind} ${what}: it must have its own, since only functions are granted`);
  if (module !== hostModule || !Object.hasOwn(hostFunctions, name))
    throw refused(
      `the module imports ${what}, and the host has no such function (it has ${Object.keys(hostFunctions)
        .map((one) => `${hostModule}.${one}`)
        .join(", ")})`,
    );
  if (!grants.includes(name))
    throw refused(
      `the module imports ${what}, which is not granted (granted: ${grants.join(", ") || "nothing"}): name it in grants, or build the module without`,
    );
  const own: HostFunction = hostFunctions[name as keyof typeof hostFunctions];
  if (signature === undefined || !isSameSignature(signature, own))
    throw refused(`the module imports ${what} as ${typeText(signature)}, and it is ${signatureText(own)}`);
}

function assertExports(shape: ModuleShape, { kind, exports }: WasmConfig): void {
  const needed: Readonly<Record<string, Signature>> = kind === "raw" ? exports : abiExports;
  for (const [name, signature] of Object.entries(needed)) assertExport(shape, name, signature, `kind ${kind} needs it`);
  const optional = { ...(kind !== "raw" && abiOptional), [initializer]: initializerSignature };
  for (const [name, signature] of Object.entries(optional))
    if (shape.exports.has(name)) assertExport(shape, name, signature, "it is called");
  const imported = shape.imports.map(({ name }) => hostFunctions[name as keyof typeof hostFunctions]);
  const needsMemory = kind !== "raw" || imported.some((one) => one.needsMemory);
  if (needsMemory && shape.exports.get(memoryExport)?.kind !== "memory")
    throw refused(`the module does not export its memory as "${memoryExport}", by which bytes go in and out`);
  if (imported.some((one) => one.needsAllocator))
    assertExport(shape, "mofa_alloc", abiExports.mofa_alloc, "mofa.request hands its answer over by it");
}

function assertExport(shape: ModuleShape, name: string, wanted: Signature, why: string): void {
  const found = shape.exports.get(name);
  if (found === undefined) {
    const known = [...shape.exports.keys()].slice(0, 20).map(told).join(", ") || "nothing";
    throw refused(`the module does not export ${name}, ${signatureText(wanted)}: ${why} (it exports ${known})`);
  }
  if (found.kind !== "function")
    throw refused(`the module exports ${name} as a ${found.kind}, and ${why} as ${signatureText(wanted)}`);
  if (found.signature === undefined || !isSameSignature(found.signature, wanted))
    throw refused(`the module exports ${name} as ${typeText(found.signature)}, and ${why} as ${signatureText(wanted)}`);
}

/** A name of a module's own may be long, and steer the terminal of who reads of it. */
function told(name: string): string {
  const text = name.length > nameTextMax ? `${name.slice(0, nameTextMax)}…` : name;
  return text.replaceAll(/\p{Cc}/gu, "\u{FFFD}");
}

function typeText(signature: Signature<string> | undefined): string {
  return signature === undefined ? "a function without a type" : signatureText(signature);
}

function boundedMemories({ memories }: ModuleShape, { memoryPagesMax, addMaximum }: WasmConfig): Bounded[] {
  if (memories.length > 1) throw refused(`the module has ${memories.length} memories: one is taken`);
  return memories.map((memory) =>
    bounded(memory, memoryPagesMax, addMaximum, {
      what: "memory",
      of: `pages of ${pageBytes} bytes`,
      bound: "memoryPagesMax",
    }),
  );
}

function boundedTables({ tables }: ModuleShape, { addMaximum }: WasmConfig): Bounded[] {
  if (tables.length > tablesMax) throw refused(`the module has ${tables.length} tables: ${tablesMax} are taken`);
  return tables.map((table) =>
    bounded(table, tableEntriesMax, addMaximum, { what: "table", of: "entries", bound: "the bound of a table" }),
  );
}

function bounded(
  given: Bounded,
  max: number,
  addMaximum: boolean,
  { what, of, bound }: { readonly what: string; readonly of: string; readonly bound: string },
): Bounded {
  const { minimum, maximum } = given;
  if (minimum > max) throw refused(`the module's ${what} begins with ${minimum} ${of}, and ${bound} is ${max}`);
  if (maximum !== undefined && maximum <= max) return given;
  if (addMaximum) return { ...given, maximum: max };
  const remedy = "build it with a lower one, or set addMaximum, which writes the bound into it";
  if (maximum === undefined)
    throw refused(
      `the module's ${what} has no maximum: build it with one, or set addMaximum, which writes one into it`,
    );
  throw refused(`the module's ${what} may grow to ${maximum} ${of}, and ${bound} is ${max}: ${remedy}`);
}

interface Rewrite {
  readonly section: Section | undefined;
  readonly id: number;
  readonly given: readonly Bounded[];
  readonly bounded: readonly Bounded[];
}

/** With other sections where a limit has changed; else the same bytes. */
function rewritten(bytes: Uint8Array, rewrites: readonly Rewrite[]): Uint8Array {
  const changed = rewrites
    .flatMap(({ section, id, given, bounded: limits }) =>
      section === undefined || limits.every((one, at) => one === given[at]) ? [] : [{ section, id, limits }],
    )
    .sort((one, other) => one.section.start - other.section.start);
  if (changed.length === 0) return bytes;
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { section, id, limits } of changed) {
    const content = [...countBytes(limits.length), ...limits.flatMap(limitBytes)];
    parts.push(bytes.subarray(from, section.start), Uint8Array.from([id, ...countBytes(content.length), ...content]));
    from = section.end;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}

function limitBytes({ prefix, minimum, maximum }: Bounded): number[] {
  return [
    ...prefix,
    ...(maximum === undefined ? [0, ...countBytes(minimum)] : [1, ...countBytes(minimum), ...countBytes(maximum)]),
  ];
}
