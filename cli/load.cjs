"use strict";
/** Loads the built command. A file of its own, since a Node that is too old cannot even read `import()`. */
const { pathToFileURL } = require("node:url");

module.exports = (main) => {
  import(pathToFileURL(main).href)
    .then(({ run }) => run(process.argv.slice(2)))
    .then((exitCode) => {
      process.exitCode = exitCode;
    })
    .catch((error) => {
      console.error(error);
      process.exitCode = 1;
    });
};
