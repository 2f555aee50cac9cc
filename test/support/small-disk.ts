/** A file system of a given size in memory, where the machine lets one be mounted. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tool } from "./known-services.ts";

/** It needs root, which nobody has to be. */
export const smallDisks: Tool = {
  name: "mounting a tmpfs",
  tool: "sh",
  args: ["-c", "d=$(mktemp -d) && mount -t tmpfs -o size=1m none $d && umount $d && rmdir $d"],
  isNeverRequired: true,
};

export class SmallDisk implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "mofa-disk-"));

  constructor(kib: number) {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "none", this.folder]);
  }

  resize(kib: number): void {
    execFileSync("mount", ["-o", `remount,size=${kib}k`, this.folder]);
  }

  [Symbol.dispose](): void {
    execFileSync("umount", [this.folder]);
    rmdirSync(this.folder);
  }
}
