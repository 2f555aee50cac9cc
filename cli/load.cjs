"use strict";
/** Loads the built command. A file of its own, since a Node that is too old cannot even read `import()`. */
const { pathToFileURL } = require("node:url");

module.exports = (main) => {
  // A full disk, a reader that has gone: without a listener Node ends with a stack for each.
  process.stdout.on("error", (error) => fail("standard output", error));
  process.stderr.on("error", () => process.exit(1));
  import(pathToFileURL(main).href)
    .then(({ run }) => run(process.argv.slice(2)))
    .then(end)
    .catch((error) => {
      console.error(error);
      end(1);
    });
};

function fail(what, error) {
  if (error.code !== "EPIPE") console.error(`mofa: ${what} cannot be written: ${error.message}`);
  process.exit(1);
}

/** A command that has ended is over, whatever timers and servers a program has left open. What was written comes out first. */
function end(exitCode) {
  // One that failed to write has no listener called yet: its error comes in a later turn of the loop.
  const leave = (error) => (error ? setImmediate(() => process.exit(1)) : process.exit(exitCode));
  process.stdout.write("", (error) => (error ? leave(error) : process.stderr.write("", leave)));
}
