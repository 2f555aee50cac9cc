"use strict";
/**
 * Which Node runs the command: the one that is running now, the one pinned as a development dependency, or none.
 *
 * Written in ES5, as are its neighbours mofa.cjs and prepare.cjs, so that a Node of any age gets as far as the
 * sentence that says what to do, rather than a syntax error. The lowest version is the one in package.json ("engines").
 */
var fs = require("fs");
var path = require("path");

/** "v26.10.0", "26.10.0" or ">=24.2" as [major, minor]; [0, 0] for anything else, which is then too old. */
function parseVersion(text) {
  var match = /(\d+)(?:\.(\d+))?/.exec(String(text));
  return match ? [Number(match[1]), Number(match[2] || 0)] : [0, 0];
}

function isAtLeast(version, minimum) {
  var have = parseVersion(version);
  var need = parseVersion(minimum);
  return have[0] > need[0] || (have[0] === need[0] && have[1] >= need[1]);
}

/** Undefined where there is no such file, or it is not JSON. */
function readManifest(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ENOTDIR" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The npm package `node`, wherever it stands from `root` upwards: beside our own dependencies or hoisted above them.
 * Nearest first, each as { path, version }. Its version comes from its manifest, so that nothing is started to ask.
 */
function pinnedNodes(root) {
  var found = [];
  var binary = process.platform === "win32" ? "node.exe" : "node";
  for (var folder = root, last = ""; folder !== last; last = folder, folder = path.dirname(folder)) {
    var home = path.join(folder, "node_modules", "node");
    var manifest = readManifest(home);
    var file = path.join(home, "bin", binary);
    // The binary is put there by an install script: with scripts off, the manifest is there without it.
    if (manifest && fs.existsSync(file)) found.push({ path: file, version: String(manifest.version) });
  }
  return found;
}

/**
 * The decision, without a look at the machine.
 *
 * question.version: the running Node's. question.minimum: "24.2". question.pinned: as from pinnedNodes.
 * question.isReexecuted: this process was started by an older Node for that very reason, so there is no second try.
 * Answers { kind: "here" }, { kind: "other", path } or { kind: "none", sentence }.
 */
function chooseNode(question) {
  if (isAtLeast(question.version, question.minimum)) return { kind: "here" };
  if (!question.isReexecuted) {
    for (var i = 0; i < question.pinned.length; i++) {
      if (isAtLeast(question.pinned[i].version, question.minimum)) {
        return { kind: "other", path: question.pinned[i].path };
      }
    }
  }
  return {
    kind: "none",
    sentence:
      "mofa needs Node " +
      question.minimum +
      " or later and this is " +
      question.version +
      ': install a newer Node, or put one beside mofa: "allowScripts": { "node": true } in your package.json, ' +
      'then "npm install --save-dev node@26".',
  };
}

/** The version that package.json demands, as "24.2". */
function minimumVersion(root) {
  return parseVersion(readManifest(root).engines.node).join(".");
}

module.exports = {
  chooseNode: chooseNode,
  isAtLeast: isAtLeast,
  minimumVersion: minimumVersion,
  pinnedNodes: pinnedNodes,
};
