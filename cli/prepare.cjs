"use strict";
/**
 * Runs before `npm start` and `npm test`: checks that the development dependencies are there, and builds.
 *
 * `node cli/prepare.cjs` builds if the sources are not those of the last build; `node cli/prepare.cjs --build` always.
 * Says nothing on stdout, so that `npm -s start -- --json` prints JSON alone; a compiler's findings go to stderr.
 * ES5, as find-node.cjs says.
 */
var childProcess = require("child_process");
var fs = require("fs");
var path = require("path");
var findNode = require("./find-node.cjs");

var root = path.join(__dirname, "..");
var dist = path.join(root, "dist");
var stampFile = path.join(dist, ".sources");
/** Folders without sources of ours; hidden ones are passed over as well. */
var ignoredFolders = ["node_modules", "dist", "mofa-report"];

function fail(sentence) {
  process.stderr.write(sentence + "\n");
  process.exit(1);
}

/** Adds a line for each source below `folder`: path, size, time of change. Deleting a file changes the text too. */
function listSources(folder, lines) {
  fs.readdirSync(folder)
    .sort()
    .forEach(function (name) {
      var file = path.join(folder, name);
      if (name.charAt(0) === "." || ignoredFolders.indexOf(name) >= 0 || name.indexOf("dist-") === 0) return;
      var stat = fs.lstatSync(file); // no link is followed: it may lead nowhere, or round and round
      if (stat.isDirectory()) listSources(file, lines);
      else if (stat.isFile() && /\.ts$/.test(name)) lines.push(describe(file, stat));
    });
  return lines;
}

function describe(file, stat) {
  return [path.relative(root, file), stat.size, stat.mtime.getTime()].join(" ");
}

/** What the build depends on, as a text to compare. */
function stamp() {
  var settings = ["tsconfig.json", "package-lock.json", path.join("cli", "bundle.cjs")].map(function (name) {
    var file = path.join(root, name);
    return describe(file, fs.statSync(file));
  });
  return listSources(root, settings).join("\n") + "\n";
}

function isBuilt(sources) {
  return fs.existsSync(stampFile) && fs.readFileSync(stampFile, "utf8") === sources;
}

function build(compiler, sources) {
  fs.rmSync(dist, { recursive: true, force: true }); // or deleted tests would go on running
  var tsc = childProcess.spawnSync(process.execPath, [compiler], { cwd: root, encoding: "utf8" });
  if (tsc.error) fail("The compiler did not start: " + tsc.error.message);
  process.stderr.write(tsc.stdout + tsc.stderr);
  if (tsc.status !== 0) process.exit(1);
  // The bundler may be missing: in a folder that was installed before it was a dependency.
  Promise.resolve()
    .then(function () {
      return require("./bundle.cjs").bundle(dist);
    })
    .then(
      function () {
        fs.writeFileSync(stampFile, sources);
      },
      function (error) {
        fail(
          'The runtime could not be bundled; if a package is missing, run "npm ci". ' + error.message.split("\n")[0]
        );
      }
    );
}

var compiler = path.join(root, "node_modules", "typescript", "bin", "tsc");
if (!fs.existsSync(compiler)) fail('The development dependencies are not installed: run "npm ci" first.');
if (!findNode.isAtLeast(process.version, findNode.minimumVersion(root))) {
  fail(
    "This runs on Node " +
      process.version +
      " because node_modules/.bin/node is missing (its install script did not run): " +
      'run "npm ci --ignore-scripts=false", or install Node ' +
      findNode.minimumVersion(root) +
      " or later."
  );
}
var sources = stamp();
if (process.argv[2] === "--build" || !isBuilt(sources)) build(compiler, sources);
