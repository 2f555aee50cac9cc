/** A folder for the tools of files, one beside it that they must not reach, and the plugin over the first. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { MofaSystem, SupervisorHandle, ToolsClient } from "../../index.ts";
import { toolsOf } from "../../index.ts";
import { type FsConfig, toolFs } from "../../plugins/tool-fs/index.ts";

export class FsRoom implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "mofa-tool-fs-"));
  readonly inside = join(this.folder, "inside");
  readonly outside = join(this.folder, "outside");
  readonly #running: [MofaSystem, SupervisorHandle][] = [];

  constructor() {
    mkdirSync(this.inside);
    mkdirSync(this.outside);
  }

  /** With one root, `work`, that needs nobody's approval. */
  async start(system: MofaSystem, config: Partial<FsConfig> = {}): Promise<ToolsClient> {
    const roots = [{ name: "work", path: this.inside, mode: "write" }];
    const handle = await system.startPlugins([{ plugin: toolFs, config: { roots, approval: "none", ...config } }]);
    this.#running.push([system, handle]);
    return toolsOf(system, "tool-fs");
  }

  /** Into the root, with the folders on the way. */
  put(path: string, content: string | Uint8Array): string {
    const file = join(this.inside, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  get(path: string): string {
    return readFileSync(join(this.inside, path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(join(this.inside, path));
  }

  /** All files and folders in the root, by their paths. */
  names(): string[] {
    return (readdirSync(this.inside, { recursive: true }) as string[]).sort();
  }

  async stop(): Promise<void> {
    for (const [system, { ref, exit }] of this.#running.splice(0)) {
      system.exit(ref, "shutdown");
      await exit;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}
