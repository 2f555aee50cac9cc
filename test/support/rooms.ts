/**
 * The layers of the package as a table, and the check of sources against it.
 *
 * One folder is one room. A room imports only the rooms in its row, and of those only the face, `index.ts`. Inside a room
 * files import one another freely but never in a circle, where a type costs nothing. Node's own modules are open to all.
 */
import { dirname, posix } from "node:path";
import { type Import, importsOf } from "./imports.ts";

interface Room {
  /** Rooms whose face it may import. `plugins` stands for each plugin. */
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  /** Packages that one file alone of the room may know. */
  readonly behindOneFile?: readonly string[];
}

const layers = ["core", "supervisors", "plugins", "scripts", "actors", "testing"];
const everyFace = [...layers, "index.ts"];

/** The rooms by folder; `index.ts` is the front door, `mofa-system.ts` what stands behind it. A plugin adds the packages that are its own to `pluginPackages`. */
export const rooms: Readonly<Record<string, Room>> = {
  core: { rooms: [], packages: ["msgpackr", "croner"], behindOneFile: ["comlink", "ajv"] },
  supervisors: { rooms: ["core"], packages: [] },
  plugins: { rooms: ["core"], packages: [] },
  scripts: { rooms: ["core", "supervisors"], packages: ["sucrase", "chokidar", "ajv"], behindOneFile: ["isolated-vm"] },
  actors: { rooms: ["core", "supervisors", "scripts"], packages: ["zod"], behindOneFile: ["xstate"] },
  testing: { rooms: ["core", "supervisors"], packages: [] },
  "index.ts": { rooms: [...layers, "mofa-system.ts"], packages: [] },
  "mofa-system.ts": { rooms: layers, packages: [] },
  cli: { rooms: [...everyFace, "benchmarks"], packages: ["@modelcontextprotocol/server", "commander", "picocolors"] },
  examples: { rooms: everyFace, packages: ["mofa"] },
  benchmarks: {
    rooms: everyFace,
    packages: ["tinybench", "nact", "xstate", "comlink", "msgpackr", "pg", "mysql2", "sqlite3"],
  },
  // Its folders mirror the rooms, and know every file of theirs: see mayImport.
  test: {
    rooms: everyFace,
    packages: [
      "@copilotkit/aimock",
      "@jest/globals",
      "@modelcontextprotocol/client",
      "@modelcontextprotocol/server",
      "esbuild",
      "fast-check",
      "wabt",
      "zod",
    ],
  },
  "jest.config.ts": { rooms: [], packages: ["jest"] },
  "jest.isolated.config.ts": { rooms: ["jest.config.ts"], packages: ["jest"] },
};

/** What each plugin may know of the outside, by its folder. */
export const pluginPackages: Readonly<Record<string, readonly string[]>> = {
  "llm-anthropic": ["@anthropic-ai/sdk"],
  "llm-native": ["node-llama-cpp"],
  "llm-ollama": ["ollama"],
  "llm-openai": ["openai"],
  "llm-router": ["cockatiel"],
  "storage-mysql": ["mysql2"],
  "storage-postgres": ["pg"],
  "storage-sqlite": ["sqlite3"],
  "tool-mcp": ["@modelcontextprotocol/client"],
  telemetry: ["@opentelemetry/api"],
};

/** Every breach of the table, one line each, in the order of the files. `sources` goes from path to text. */
export function findViolations(sources: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  const edges = new Map<string, string[]>();
  const knownBy = new Map<string, string>();
  for (const [file, source] of sources) {
    const room = rooms[roomOf(file)];
    if (room === undefined) {
      violations.push(`${file}: no such room`);
      continue;
    }
    const inRoom: string[] = [];
    for (const entry of importsOf(source)) {
      const target = resolve(file, entry, sources);
      if (target === undefined) continue;
      if (isRelative(entry.specifier)) {
        const breach = mayImport(file, target);
        if (breach !== undefined) violations.push(`${file} imports ${target}: ${breach}`);
        if (entry.kind === "static" && placeOf(file) === placeOf(target)) inRoom.push(target);
        continue;
      }
      const holder = `${roomOf(file)} ${target}`;
      if (mayKnow(file, room, target)) continue;
      if (!room.behindOneFile?.includes(target)) {
        violations.push(`${file} imports ${target}: ${roomOf(file)} may not know that package`);
      } else if ((knownBy.get(holder) ?? file) !== file) {
        violations.push(`${file} imports ${target}: that package is behind ${knownBy.get(holder)}`);
      } else knownBy.set(holder, file);
    }
    edges.set(file, inRoom);
  }
  return [...violations, ...findCycles(edges).map((cycle) => `circle: ${cycle.join(" -> ")}`)];
}

/** The file or package that is meant; undefined for Node's own modules, and for a URL that names no source. */
function resolve(file: string, entry: Import, sources: ReadonlyMap<string, string>): string | undefined {
  if (isRelative(entry.specifier)) {
    const path = posix.join(dirname(file), entry.specifier);
    if (entry.kind !== "url") return path;
    const source = path.replace(/\.js$/, ".ts"); // a worker is named by its built file
    return sources.has(source) ? source : undefined;
  }
  if (entry.specifier.startsWith("node:") || entry.kind === "url") return undefined;
  const [scope, name] = entry.specifier.split("/");
  return scope?.startsWith("@") ? `${scope}/${name}` : scope;
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith("./") || specifier.startsWith("../");
}

/** Undefined if it may, else the reason. */
function mayImport(file: string, target: string): string | undefined {
  if (placeOf(file) === placeOf(target)) return undefined;
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from === "test") {
    const mirrored = file.split("/")[1] ?? "";
    // What belongs to no one room (support, stress, the tests of the package itself) may look anywhere.
    if (rooms[mirrored] === undefined || mirrored === to) return undefined;
  }
  if (!rooms[from]?.rooms.includes(to)) return `${from} may not import ${to}`;
  if (from === "benchmarks") return undefined; // a part is measured by itself as well
  return target === to || target === `${placeOf(target)}/index.ts` ? undefined : `not the face of ${placeOf(target)}`;
}

function mayKnow(file: string, room: Room, name: string): boolean {
  if (room.packages.includes(name)) return true;
  const [folder = "", inner = ""] = file.split("/");
  if (folder === "plugins") return pluginPackages[inner]?.includes(name) ?? false;
  if (folder !== "test") return false;
  if (inner === "plugins" && Object.values(pluginPackages).some((packages) => packages.includes(name))) return true;
  const mirrored = rooms[inner];
  return (
    mirrored === undefined || mirrored.packages.includes(name) || (mirrored.behindOneFile?.includes(name) ?? false)
  );
}

function roomOf(file: string): string {
  return file.split("/")[0] ?? file;
}

/** The room, or for a plugin its own folder: plugins are rooms to one another. */
function placeOf(file: string): string {
  const [folder = file, inner = ""] = file.split("/");
  return folder === "plugins" && file.split("/").length > 2 ? `${folder}/${inner}` : folder;
}

/** Each circle once, from its first file by name, as the files along it with that one at both ends. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles = new Map<string, string[]>();
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      const circle = path.slice(start);
      const first = circle.indexOf([...circle].sort()[0] ?? file);
      const turned = [...circle.slice(first), ...circle.slice(0, first)];
      cycles.set(turned.join(" "), [...turned, turned[0] ?? file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) visit(file);
  return [...cycles.values()];
}
