"use strict";
/**
 * The runtime's core in few files, as the last step of the build: of the 280 modules of `core` each costs the loader of a
 * starting thread about 1 ms.
 *
 * The modules stay where they are for whoever imports them, and hand on their exports from `core/bundle`, so that there is one
 * of everything, whichever way it is come by. What begins a thread or a process of its own is an entry of the bundle.
 */
const fs = require("node:fs");
const path = require("node:path");
const { rolldown } = require("rolldown");

/** Modules that begin a thread or a process, and export nothing. */
const entries = [
  "process/link-entry.js",
  "process/process-entry.js",
  "thread/thread-entry.js",
  "thread/watchdog-entry.js",
];

/** All modules below a folder, by their paths from it. */
function modulesOf(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .map((name) => name.split(path.sep).join("/"))
    .filter((name) => name.endsWith(".js"))
    .sort();
}

/** Keeps the keyword of each declaration: V8 takes a `const` as one. */
async function roll(core, modules) {
  return await rolldown({
    input: Object.fromEntries(modules.map((module) => [module.slice(0, -".js".length), path.join(core, module)])),
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
        // What is imported where it is needed has no file of its own for that: it is taken from the whole.
        name: "late imports",
        resolveDynamicImport(specifier, importer) {
          if (typeof specifier !== "string" || !specifier.startsWith(".")) return null;
          const module = path
            .relative(core, path.join(path.dirname(importer), specifier))
            .split(path.sep)
            .join("/");
          return { id: `../${module}`, external: true };
        },
      },
    ],
  });
}

/** The names that each module exports. */
async function exportsOf(core, modules) {
  const rolled = await roll(core, modules);
  const { output } = await rolled.generate({ format: "es" });
  await rolled.close();
  const chunks = output.filter(({ isEntry }) => isEntry);
  return new Map(chunks.map((chunk) => [`${chunk.name}.js`, chunk.exports]));
}

/** @param dist where the compiler has put what is to be bundled. */
exports.bundle = async function bundle(dist) {
  const core = path.join(dist, "core");
  const modules = modulesOf(core);
  const names = await exportsOf(core, modules);
  const alias = (module, name) => `${module.slice(0, -".js".length).replace(/\W/g, "_")}__${name}`;
  const whole = path.join(core, "whole.js");
  const lines = modules.map((module) => {
    const list = names.get(module).map((name) => `${name} as ${alias(module, name)}`);
    return entries.includes(module) ? "" : `export { ${list.join(", ")} } from "./${module}";\n`;
  });
  fs.writeFileSync(whole, lines.join(""));
  const rolled = await roll(core, ["whole.js", ...entries]);
  await rolled.write({
    dir: path.join(core, "bundle"),
    format: "es",
    sourcemap: true,
    entryFileNames: ({ name }) => `${path.basename(name)}.js`,
    chunkFileNames: "chunk-[hash].js",
  });
  await rolled.close();
  fs.rmSync(whole);
  for (const module of modules) {
    const up = "../".repeat(module.split("/").length - 1) || "./";
    const list = names.get(module).map((name) => `${alias(module, name)} as ${name}`);
    const handsOn = list.length > 0 ? `export { ${list.join(", ")} } from "${up}bundle/whole.js";\n` : "export {};\n";
    const text = entries.includes(module) ? `import "${up}bundle/${path.basename(module)}";\n` : handsOn;
    fs.writeFileSync(path.join(core, module), text);
    fs.rmSync(path.join(core, `${module}.map`));
  }
};
