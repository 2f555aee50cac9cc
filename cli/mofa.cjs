#!/usr/bin/env node
"use strict";
/**
 * The `mofa` command's entry: makes sure of a Node that is new enough, then loads the built command.
 *
 * ES5 throughout (see find-node.cjs). On an old Node it starts the pinned one with the same arguments and streams,
 * hands signals on to it and ends as it ended: same exit code, or same signal.
 */
var childProcess = require("child_process");
var fs = require("fs");
var path = require("path");
var findNode = require("./find-node.cjs");

var root = path.join(__dirname, "..");
/** Set for the process that we start, so that a pinned Node which is itself too old does not start another. */
var reexecutedMark = "MOFA_REEXECUTED";

function fail(sentence) {
  process.stderr.write(sentence + "\n");
  process.exit(1);
}

function load() {
  var main = path.join(root, "dist", "cli", "main.js");
  if (!fs.existsSync(main)) {
    fail('mofa is not built: run "npm ci && npm run build" in ' + root + ", or install the package again.");
  }
  require("./load.cjs")(main);
}

function reexecute(nodePath) {
  var env = Object.assign({}, process.env);
  env[reexecutedMark] = "1";
  var args = process.execArgv.concat([__filename], process.argv.slice(2));
  var child = childProcess.spawn(nodePath, args, { stdio: "inherit", env: env });

  // At a terminal Ctrl-C reaches the child by itself as well; the command takes two that close together for one.
  var signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  signals.forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on("error", function (error) {
    fail("mofa could not start " + nodePath + ": " + error.message);
  });
  child.on("exit", function (code, signal) {
    if (signal === null) process.exit(code);
    signals.forEach(function (name) {
      process.removeAllListeners(name);
    });
    process.kill(process.pid, signal);
  });
}

var choice = findNode.chooseNode({
  version: process.version,
  minimum: findNode.minimumVersion(root),
  isReexecuted: process.env[reexecutedMark] === "1",
  pinned: findNode.pinnedNodes(root),
});
delete process.env[reexecutedMark]; // ours alone: programs that the command starts must not inherit it
if (choice.kind === "here") load();
else if (choice.kind === "other") reexecute(choice.path);
else fail(choice.sentence);
