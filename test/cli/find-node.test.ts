import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { packageRoot } from "../support/package-root.ts";

interface FoundNode {
  readonly path: string;
  readonly version: string;
}

interface FindNode {
  chooseNode(question: {
    version: string;
    minimum: string;
    isReexecuted: boolean;
    pinned: readonly FoundNode[];
  }): { kind: "here" } | { kind: "other"; path: string } | { kind: "none"; sentence: string };
  isAtLeast(version: string, minimum: string): boolean;
  minimumVersion(root: string): string;
  pinnedNodes(root: string): FoundNode[];
}

const findNode: FindNode = createRequire(import.meta.url)(join(packageRoot, "cli/find-node.cjs"));
const pinned = [{ path: "/app/node_modules/node/bin/node", version: "26.10.0" }];

describe("which Node runs the command", () => {
  test.each([
    ["v24.2.0", "24.2", true],
    ["v26.0.0", "24.2", true],
    ["v24.1.9", "24.2", false],
    ["v6.17.1", "24.2", false],
    ["v20.20.2", "24", false],
    ["v100.0.0", "24", true],
    ["nonsense", "24", false],
  ])("%s is at least %s: %s", (version, minimum, expected) => {
    expect(findNode.isAtLeast(version, minimum)).toBe(expected);
  });

  test("a Node that is new enough goes on by itself, whatever is pinned", () => {
    expect(findNode.chooseNode({ version: "v24.2.0", minimum: "24.2", isReexecuted: false, pinned })).toEqual({
      kind: "here",
    });
  });

  test("an older one starts the pinned one", () => {
    expect(findNode.chooseNode({ version: "v6.17.1", minimum: "24.2", isReexecuted: false, pinned })).toEqual({
      kind: "other",
      path: "/app/node_modules/node/bin/node",
    });
  });

  test("a pinned one that is too old itself is passed over for the next", () => {
    const old = { path: "/app/node_modules/mofa/node_modules/node/bin/node", version: "22.0.0" };
    expect(
      findNode.chooseNode({ version: "v20.0.0", minimum: "24.2", isReexecuted: false, pinned: [old, ...pinned] }),
    ).toEqual({ kind: "other", path: "/app/node_modules/node/bin/node" });
  });

  test.each([
    ["nothing is pinned", false, []],
    ["it was started by another Node already", true, pinned],
  ])("an older one says in one sentence what to do if %s", (_why, isReexecuted, nodes) => {
    expect(findNode.chooseNode({ version: "v20.0.0", minimum: "24.2", isReexecuted, pinned: nodes })).toEqual({
      kind: "none",
      sentence:
        "mofa needs Node 24.2 or later and this is v20.0.0: install a newer Node, or put one beside mofa: " +
        '"allowScripts": { "node": true } in your package.json, then "npm install --save-dev node@26".',
    });
  });

  test("the lowest version is the one that package.json demands", () => {
    expect(findNode.minimumVersion(packageRoot)).toBe("24.2");
  });

  test("the pinned Node is found in the package itself and hoisted above it, nearest first, if its binary is there", () => {
    const app = mkdtempSync(join(tmpdir(), "mofa-"));
    const plant = (folder: string, version: string, hasBinary: boolean) => {
      const home = join(app, folder, "node_modules/node");
      mkdirSync(join(home, "bin"), { recursive: true });
      writeFileSync(join(home, "package.json"), JSON.stringify({ version }));
      if (hasBinary) writeFileSync(join(home, "bin/node"), "");
    };
    try {
      plant("node_modules/mofa", "26.1.0", true);
      plant("node_modules", "26.2.0", false); // its install script did not run
      plant("", "26.3.0", true);
      expect(findNode.pinnedNodes(join(app, "node_modules/mofa"))).toEqual([
        { path: join(app, "node_modules/mofa/node_modules/node/bin/node"), version: "26.1.0" },
        { path: join(app, "node_modules/node/bin/node"), version: "26.3.0" },
      ]);
    } finally {
      rmSync(app, { recursive: true });
    }
  });
});
