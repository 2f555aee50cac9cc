"use strict";
/**
 * The runtime's core in few files, as part of the build: a thread starts three times as fast with them as with the 200 modules
 * of `core`, of which each costs its loader about 1 ms.
 *
 * The modules stay where they are for whoever imports them: each hands on its exports from `core/bundle`, so that there is one
 * of everything, whichever way it is come by. What starts a thread or a process of its own is an entry of the bundle.
 */
const fs = require("node:fs");
const path = require("node:path");
const esbuild = require("esbuild");

/** Modules that begin a thread or a process of their own, and export nothing. */
const entries = [
  "process/link-entry.js",
  "process/process-entry.js",
  "thread/thread-entry.js",
  "thread/watchdog-entry.js",
];
const isEntry = (module) => entries.includes(module);

/** What is imported where it is needed has no file of its own for that: it is taken from the whole. */
const lateImports = {
  name: "late imports",
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ kind, path: module, resolveDir }) => {
      if (kind !== "dynamic-import") return undefined;
      const { absWorkingDir } = build.initialOptions;
      return {
        path: `../${path.relative(absWorkingDir, path.join(resolveDir, module)).split(path.sep).join("/")}`,
        external: true,
      };
    });
  },
};

/** All modules below a folder, by their paths from it. */
function modulesOf(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .map((name) => name.split(path.sep).join("/"))
    .filter((name) => name.endsWith(".js"))
    .sort();
}

/** The names that each module exports. */
function exportsOf(core, modules) {
  const { metafile } = esbuild.buildSync({
    absWorkingDir: core,
    entryPoints: modules,
    outdir: "out",
    format: "esm",
    write: false,
    metafile: true,
  });
  return new Map(Object.entries(metafile.outputs).map(([out, { exports }]) => [out.slice("out/".length), exports]));
}

/** @param dist where the compiler has put what is to be bundled. */
exports.bundle = async function bundle(dist) {
  const core = path.join(dist, "core");
  const modules = modulesOf(core);
  const names = exportsOf(core, modules);
  const alias = (module, name) => `${module.slice(0, -".js".length).replace(/\W/g, "_")}__${name}`;
  const all = path.join(core, "all.js");
  const handsOn = modules.filter((module) => !isEntry(module) && names.get(module).length > 0);
  const lines = handsOn.map((module) => {
    const list = names.get(module).map((name) => `${name} as ${alias(module, name)}`);
    return `export { ${list.join(", ")} } from "./${module}";\n`;
  });
  fs.writeFileSync(all, lines.join(""));
  await esbuild.build({
    absWorkingDir: core,
    entryPoints: ["all.js", ...entries],
    entryNames: "[name]",
    outdir: "bundle",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "esnext",
    packages: "external",
    plugins: [lateImports],
    sourcemap: true,
    sourcesContent: false,
    logLevel: "warning",
  });
  fs.rmSync(all);
  for (const module of modules) {
    fs.rmSync(path.join(core, `${module}.map`), { force: true });
    const up = "../".repeat(module.split("/").length - 1) || "./";
    const list = names.get(module).map((name) => `${alias(module, name)} as ${name}`);
    const text = isEntry(module)
      ? `import "${up}bundle/${path.basename(module)}";\n`
      : `export { ${list.join(", ")} }${list.length > 0 ? ` from "${up}bundle/all.js"` : ""};\n`;
    fs.writeFileSync(path.join(core, module), text);
  }
};
