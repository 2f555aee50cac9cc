"use strict";
/**
 * The runtime in few files, as the last step of the build: of the 300 modules of `core` and `supervisors` each costs the loader
 * of a starting thread 1 ms or more.
 *
 * The modules stay where they are for whoever imports them, and hand on their exports from the `bundle` of their room, so that
 * there is one of everything, whichever way it is come by. What begins a thread or a process of its own is an entry of it.
 */
const fs = require("node:fs");
const path = require("node:path");
const { rolldown } = require("rolldown");

/**
 * Rooms that every thread loads, and in each the modules that begin a thread or a process, and export nothing; and what other
 * rooms and programs import, or the start of a system: that is loaded, and not the whole.
 */
const rooms = [
  {
    name: "core",
    entries: [
      "process/link-entry.js",
      "process/process-entry.js",
      "thread/thread-entry.js",
      "thread/watchdog-entry.js",
    ],
    faces: ["index.js", "system/start.js"],
  },
  { name: "supervisors", entries: [], faces: ["index.js"] },
];

/** All modules below a folder, by their paths from it. */
function modulesOf(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .map((name) => name.split(path.sep).join("/"))
    .filter((name) => name.endsWith(".js"))
    .sort();
}

/**
 * A name that a module imports or exports V8 reads from a cell at every use, also if it is a `const`; what a module keeps to
 * itself it takes as the constant that it is (flags, classes, functions), which makes a message in a thread some percent cheaper.
 * So each chunk has constants of its own beside its imports and exports.
 */
function withOwnConstants(code) {
  const own = code.replace(/^var ([\w$]+) = class\b/gm, "const $1 = class");
  const constants = new Set(
    [...own.matchAll(/^(?:const|function\*?|async function\*?) ([\w$]+)/gm)].map(([, name]) => name)
  );
  const pairs = (list) => list.split(", ").map((item) => item.split(" as "));
  const imported = (_, list, from) => {
    const names = pairs(list).map(([theirs, ours = theirs]) => ({ theirs, ours }));
    for (const { ours } of names) constants.add(ours);
    const taken = names.map(({ theirs, ours }) => `${theirs} as ${ours}$in`).join(", ");
    return `import { ${taken} } from ${from}; const ${names.map(({ ours }) => `${ours} = ${ours}$in`).join(", ")};`;
  };
  const exported = (_, list) => {
    const names = pairs(list).map(([ours, theirs = ours]) => ({ ours, theirs }));
    const kept = [...new Set(names.map(({ ours }) => ours).filter((name) => constants.has(name)))];
    const given = names.map(({ ours, theirs }) => `${ours}${constants.has(ours) ? "$out" : ""} as ${theirs}`);
    const copies = kept.length === 0 ? "" : `const ${kept.map((name) => `${name}$out = ${name}`).join(", ")}; `;
    return `${copies}export { ${given.join(", ")} };`;
  };
  return own.replace(/^import \{ (.+) \} from ("\.[^"]+");$/gm, imported).replace(/^export \{ (.+) \};$/m, exported);
}

/** Keeps the keyword of each declaration: V8 takes a `const` as one. */
async function roll(room, modules) {
  /** The way to another module from the bundle. */
  const away = (importer, specifier) => {
    const target = path.join(path.dirname(importer), specifier);
    return { id: path.relative(path.join(room, "bundle"), target).split(path.sep).join("/"), external: true };
  };
  const isOutside = (importer, specifier) =>
    path.relative(room, path.join(path.dirname(importer), specifier)).startsWith("..");
  return await rolldown({
    input: Object.fromEntries(modules.map((module) => [module.slice(0, -".js".length), path.join(room, module)])),
    platform: "node",
    treeshake: false,
    external: (id) => !id.startsWith(".") && !path.isAbsolute(id),
    plugins: [
      {
        name: "lines of the sources",
        load(id) {
          const map = `${id}.map`;
          return fs.existsSync(map) ? { code: fs.readFileSync(id, "utf8"), map: fs.readFileSync(map, "utf8") } : null;
        },
      },
      {
        name: "other modules",
        resolveId: (specifier, importer) =>
          importer !== undefined && specifier.startsWith(".") && isOutside(importer, specifier)
            ? away(importer, specifier)
            : null,
        // What is imported where it is needed has no file of its own for that: it is taken from the whole.
        resolveDynamicImport: (specifier, importer) =>
          typeof specifier === "string" && specifier.startsWith(".") ? away(importer, specifier) : null,
      },
      { name: "constants of its own", renderChunk: (code) => ({ code: withOwnConstants(code), map: null }) },
    ],
  });
}

/** The names that each module exports. */
async function exportsOf(room, modules) {
  const rolled = await roll(room, modules);
  const { output } = await rolled.generate({ format: "es" });
  await rolled.close();
  const chunks = output.filter(({ isEntry }) => isEntry);
  return new Map(chunks.map((chunk) => [`${chunk.name}.js`, chunk.exports]));
}

/** The name in the whole of what a module exports. */
const alias = (module, name) => `${module.slice(0, -".js".length).replace(/\W/g, "_")}__${name}`;

/** What stands in the place of a module. @param up the way from it to its room */
function handedOn({ entries, faces }, module, names, up) {
  if (entries.includes(module)) return `import "${up}bundle/${path.basename(module)}";\n`;
  if (names.length === 0) return "export {};\n";
  if (faces.includes(module)) return `export { ${names.join(", ")} } from "${up}bundle/${path.basename(module)}";\n`;
  return `export { ${names.map((name) => `${alias(module, name)} as ${name}`).join(", ")} } from "${up}bundle/whole.js";\n`;
}

/** @param dist where the compiler has put what is to be bundled. */
exports.bundle = async function bundle(dist) {
  for (const room of rooms) await bundleRoom(path.join(dist, room.name), room);
};

async function bundleRoom(folder, room) {
  const { entries, faces } = room;
  const modules = modulesOf(folder);
  const names = await exportsOf(folder, modules);
  const whole = path.join(folder, "whole.js");
  const lines = modules.map((module) => {
    const list = names.get(module).map((name) => `${name} as ${alias(module, name)}`);
    return entries.includes(module) ? "" : `export { ${list.join(", ")} } from "./${module}";\n`;
  });
  fs.writeFileSync(whole, lines.join(""));
  const rolled = await roll(folder, ["whole.js", ...faces, ...entries]);
  await rolled.write({
    dir: path.join(folder, "bundle"),
    format: "es",
    comments: false,
    sourcemap: true,
    entryFileNames: ({ name }) => `${path.basename(name)}.js`,
    chunkFileNames: "chunk-[hash].js",
  });
  await rolled.close();
  fs.rmSync(whole);
  for (const module of modules) {
    const up = "../".repeat(module.split("/").length - 1) || "./";
    fs.writeFileSync(path.join(folder, module), handedOn(room, module, names.get(module), up));
    fs.rmSync(path.join(folder, `${module}.map`));
  }
}
