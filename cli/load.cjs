"use strict";
/** Loads the built command. A file of its own, since a Node that is too old cannot even read `import()`. */
const { pathToFileURL } = require("node:url");

module.exports = (main) => {
  import(pathToFileURL(main).href)
    .then(({ run }) => run(process.argv.slice(2)))
    .then(end)
    .catch((error) => {
      console.error(error);
      end(1);
    });
};

/** A command that has ended is over, whatever timers and servers a program has left open. What was written comes out first. */
function end(exitCode) {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
}
