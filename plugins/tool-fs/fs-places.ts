/** Where the tools work: the roots by their names, and the paths in them. */
import { ToolError, type ToolRun } from "../../core/index.ts";
import type { FsConfig } from "./config.ts";
import type { Folder } from "./folder.ts";
import { told } from "./fs-failure.ts";
import { type FsPath, fsPath } from "./fs-path.ts";
import type { Root } from "./root.ts";

export interface Place {
  readonly root: Root;
  readonly path: FsPath;
}

export class FsPlaces {
  readonly roots: readonly Root[];
  readonly limits: FsConfig;
  /** What people should learn of. */
  readonly warn: (error: unknown) => void;

  constructor(roots: readonly Root[], limits: FsConfig, warn: (error: unknown) => void) {
    this.roots = roots;
    this.limits = limits;
    this.warn = warn;
  }

  /** For the descriptions of the tools. */
  get names(): string {
    return this.roots
      .map(({ name, mode }) => `${name} (${mode === "write" ? "read and write" : "read only"})`)
      .join(", ");
  }

  /** @throws ToolError `tool_denied`: it could lead elsewhere; `tool_failed`: there is no such root. */
  at(given: string): Place {
    const path = fsPath(given, this.limits.maxDepth);
    const root = this.roots.find(({ name }) => name === path.root);
    if (root === undefined)
      throw new ToolError("tool_failed", `${path.text}: a path begins with the name of a root: ${this.names}`);
    return { root, path };
  }

  /** Works in the folder that has the name. @throws ToolError, by the path that was given. */
  async inFolder<T>(
    { root, path }: Place,
    makesMissing: boolean,
    work: (folder: Folder, name: string) => Promise<T>,
  ): Promise<T> {
    const name = path.parts.at(-1);
    if (name === undefined) throw new ToolError("tool_failed", `${path.text}: it is a root, and no file`);
    return await told(path.text, async () => {
      await using folder = await root.folder(path.parts.slice(0, -1), makesMissing);
      return await work(folder, name);
    });
  }

  /** @throws ToolError `tool_denied`: nothing may be written there. */
  assertWritable({ root, path }: Place): void {
    if (root.mode !== "write") throw new ToolError("tool_denied", `${path.text}: the root ${root.name} is read only`);
  }
}

export type Run = Pick<ToolRun, "signal">;
