/** Tools for files: read, write, list, search and edit, in folders that the program has named, and nowhere else. */
import { defineTools, errorData, RuntimeError } from "../../core/index.ts";
import { fsConfig } from "./config.ts";
import { editFileTool } from "./edit-file.ts";
import { FsPlaces } from "./fs-places.ts";
import { removeLeftovers } from "./leftovers.ts";
import { listFilesTool } from "./list-files.ts";
import { readFileTool } from "./read-file.ts";
import { hasDescriptorPaths, Root } from "./root.ts";
import { searchFilesTool } from "./search-files.ts";
import { writeFileTool } from "./write-file.ts";

export type { FsConfig, FsRoot } from "./config.ts";

export const toolFs = defineTools({
  name: "tool-fs",
  version: "0.1.0",
  config: { schema: fsConfig },
  async open(config, signal, bus) {
    // It can open no folder by a descriptor, and what holds elsewhere does not hold there.
    if (process.platform === "win32") throw new RuntimeError("bad_configuration", "tool-fs does not run on Windows");
    const isAnchored = await hasDescriptorPaths();
    const roots = await Promise.all(config.roots.map((root) => Root.at(root, config, isAnchored)));
    assertApart(roots);
    const warn = (error: unknown) => bus.log("warning", `tool-fs: ${errorData(error).message}`);
    if (!isAnchored && process.platform === "linux")
      warn(new Error("there is no /proc/self/fd: programs that swap links in the roots may lead it out of them"));
    const writable = roots.filter(({ mode }) => mode === "write");
    // A start does not wait for it: there may be very many files.
    void removeLeftovers({ roots: writable, bounds: config, wallMs: () => bus.wallMs(), warn, signal });
    const places = new FsPlaces(roots, config, warn);
    const tools = [readFileTool(places), listFilesTool(places), searchFilesTool(places)];
    if (writable.length > 0) tools.push(writeFileTool(places), editFileTool(places));
    return {
      tools: () => tools,
      async health() {
        for (const root of roots) {
          try {
            await (await root.folder([]))[Symbol.asyncDispose]();
          } catch (error) {
            return { status: "degraded", detail: errorData(error).message };
          }
        }
        return { status: "up" };
      },
    };
  },
});

/** Else one could be written by the other's name, past its mode and its quota. @throws RuntimeError `bad_configuration`. */
function assertApart(roots: readonly Root[]): void {
  for (const [at, root] of roots.entries()) {
    const other = roots.slice(at + 1).find((one) => one.overlaps(root));
    if (other !== undefined)
      throw new RuntimeError(
        "bad_configuration",
        `tool-fs: the roots ${root.name} and ${other.name} are in one another`,
      );
  }
}
