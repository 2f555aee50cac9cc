/** The package as `npm pack` makes it, and as npm installs it somewhere else: with what it depends on, and nothing beside. */
import { execFile } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "./package-root.ts";

export class PackedPackage implements Disposable {
  /** Where it is unpacked, and whatever a test puts beside it. */
  readonly folder: string;
  /** Of its files, below its own folder. */
  readonly paths: readonly string[];

  static async make(): Promise<PackedPackage> {
    const folder = mkdtempSync(join(tmpdir(), "mofa-packed-"));
    // A cache of its own: what npm has elsewhere is no matter here.
    const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder, "--cache", join(folder, "cache")];
    const { stdout } = await promisify(execFile)("npm", args, { cwd: packageRoot });
    const [packed] = JSON.parse(stdout) as [{ readonly filename: string; readonly files: { readonly path: string }[] }];
    await promisify(execFile)("tar", ["-xzf", join(folder, packed.filename), "-C", folder]);
    return new PackedPackage(
      folder,
      packed.files.map(({ path }) => path),
    );
  }

  private constructor(folder: string, paths: readonly string[]) {
    this.folder = folder;
    this.paths = paths;
  }

  /** The unpacked package. */
  get root(): string {
    return join(this.folder, "package");
  }

  /** Puts it into the `node_modules` of a folder, without asking a registry for what is there. @param beside more packages of the tree's own */
  install(at: string, beside: readonly string[] = []): string {
    const modules = join(at, "node_modules");
    mkdirSync(modules, { recursive: true });
    cpSync(this.root, join(modules, "mofa"), { recursive: true });
    const { dependencies } = JSON.parse(readFileSync(join(this.root, "package.json"), "utf8")) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    for (const name of [...Object.keys(dependencies), ...beside]) {
      const installed = join(packageRoot, "node_modules", name);
      if (existsSync(installed)) symlinkSync(installed, join(modules, name), "junction");
    }
    return join(modules, "mofa");
  }

  /** The commands of what was put there, as npm links them: those of mofa, and of `node` where that is beside. */
  linkCommands(at: string): void {
    const modules = join(at, "node_modules");
    mkdirSync(join(modules, ".bin"));
    chmodSync(join(modules, "mofa", "cli", "mofa.cjs"), 0o755);
    symlinkSync(join("..", "mofa", "cli", "mofa.cjs"), join(modules, ".bin", "mofa"));
    const node = join("node", "bin", "node");
    if (existsSync(join(modules, node))) symlinkSync(join("..", node), join(modules, ".bin", "node"));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
