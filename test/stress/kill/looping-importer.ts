/** Imports the module that loops. */
export { isLoaded } from "./looping-module.ts";
