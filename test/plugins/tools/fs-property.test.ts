/** Any calls of `tool-fs` with any paths do what a model of files in memory does, and nothing else anywhere. Not in every placement: no actors but the plugin's. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { FsRoom } from "../../support/fs-room.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
interface Link {
  readonly to: string;
}
/** A folder, a file's content, or a link. */
type Tree = Map<string, Tree | string | Link>;

function treeAt(folder: string): Tree {
  const tree: Tree = new Map();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) tree.set(entry.name, treeAt(path));
    else if (entry.isSymbolicLink()) tree.set(entry.name, { to: readlinkSync(path) });
    else tree.set(entry.name, readFileSync(path, "utf8"));
  }
  return tree;
}

/** Undefined: it must be refused. */
function partsOf(path: string): string[] | undefined {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const isRight = !path.startsWith("/") && !path.includes("\0") && !parts.includes("..") && parts[0] === "work";
  return isRight ? parts.slice(1) : undefined;
}

/** What is there; undefined: nothing, or on the way is something other than a folder. */
function find(tree: Tree, parts: readonly string[]): Tree | string | Link | undefined {
  let at: Tree | string | Link | undefined = tree;
  for (const part of parts) at = at instanceof Map ? at.get(part) : undefined;
  return at;
}

/** What the call is to give, once it was done in the tree; undefined: it is to fail, and to leave the tree as it is. */
function modelled(tree: Tree, { tool, path, content, isTold }: Operation): unknown {
  const parts = partsOf(path);
  if (parts === undefined) return undefined;
  const there = find(tree, parts);
  if (tool === "read_file") return typeof there === "string" ? there : undefined;
  if (tool === "list_files") return there instanceof Map ? [...there.keys()].sort() : undefined;
  const name = parts.at(-1);
  if (name === undefined) return undefined;
  if (tool === "edit_file") {
    if (typeof there !== "string" || there.split("x").length !== 2) return undefined;
    (find(tree, parts.slice(0, -1)) as Tree).set(name, there.replace("x", content));
    return "done";
  }
  let folder = tree;
  const missing: [Tree, string, Tree][] = [];
  for (const part of parts.slice(0, -1)) {
    let next = folder.get(part);
    if (next === undefined) {
      next = new Map();
      missing.push([folder, part, next]);
    }
    if (!(next instanceof Map)) return undefined;
    folder = next;
  }
  if (there !== undefined && (typeof there !== "string" || !isTold)) return undefined;
  for (const [above, part, made] of missing) above.set(part, made);
  folder.set(name, content);
  return "done";
}

interface Operation {
  readonly tool: "read_file" | "list_files" | "write_file" | "edit_file";
  readonly path: string;
  readonly content: string;
  /** Overwrite. */
  readonly isTold: boolean;
}

const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "b", "c", "d") },
  { weight: 1, arbitrary: fc.constantFrom("out", "file", "in", "loop") },
  { weight: 1, arbitrary: fc.constantFrom(".", "", "..", "...", "\0", "~", "a\\b", "ä", "work") },
);
/** The roots' list is no one's of theirs. */
const isNoList = (path: string) => path !== "" && path !== ".";
const path = fc.oneof(
  { weight: 8, arbitrary: fc.array(part, { maxLength: 4 }).map((parts) => ["work", ...parts].join("/")) },
  {
    weight: 1,
    arbitrary: fc
      .array(part, { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join("/"))
      .filter(isNoList),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).map((text) => `work/${text}`) },
  { weight: 1, arbitrary: fc.constantFrom("/", "/etc/passwd", "work", "work/../../outside/a", "//work/a") },
);
const operation: fc.Arbitrary<Operation> = fc.record({
  tool: fc.constantFrom("read_file", "list_files", "write_file", "edit_file"),
  path,
  content: fc.constantFrom("", "x", "axb", "xx", "ä"),
  isTold: fc.boolean(),
});

/** Folders of one another, files, and links of every kind: into the root, out of it, and to themselves. */
function furnish(inside: string, outside: string): void {
  mkdirSync(join(inside, "a/b"), { recursive: true });
  writeFileSync(join(inside, "c"), "axb");
  symlinkSync(outside, join(inside, "out"));
  symlinkSync(join(outside, "a"), join(inside, "file"));
  symlinkSync(inside, join(inside, "a", "in"));
  symlinkSync("loop", join(inside, "loop"));
}

test("any calls do what they say within the root, and nothing outside", async () => {
  let [succeeded, failed] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 15 }), async (operations) => {
      await using one = new FsRoom();
      writeFileSync(join(one.outside, "a"), "secret");
      furnish(one.inside, one.outside);
      const tree = treeAt(one.inside);
      const tools = await one.start(system());
      for (const operation of operations) {
        const { tool, path, content, isTold } = operation;
        const given = {
          read_file: { path },
          list_files: { path },
          write_file: { path, content, overwrite: isTold },
          edit_file: { path, oldText: "x", newText: content },
        }[tool];
        const wanted = modelled(tree, operation);
        const got = await tools.call(tool, given).then(
          (answer) => resultOf(tool, path, answer),
          () => undefined,
        );
        expect([operation, got]).toEqual([operation, wanted]);
        expect(treeAt(one.inside)).toEqual(tree);
        if (wanted === undefined) failed++;
        else succeeded++;
      }
      expect(treeAt(one.outside)).toEqual(new Map([["a", "secret"]]));
      expect(readdirSync(one.folder).sort()).toEqual(["inside", "outside"]);
    }),
    { numRuns: 60, seed: 20_261_130 },
  );
  expect([succeeded > 50, failed > 50]).toEqual([true, true]);
});

/** As the model has it. */
function resultOf(tool: Operation["tool"], path: string, answer: unknown): unknown {
  if (tool === "read_file") return (answer as { readonly content: string }).content;
  if (tool !== "list_files") return "done";
  const { entries } = answer as { readonly entries: readonly { readonly path: string }[] };
  const above = (partsOf(path) ?? []).length + 1;
  return entries.map((entry) => entry.path.split("/").slice(above).join("/"));
}
