/** What starts a system, and what it is then: a file of the bundle by itself, without what only some programs come to need. */
export { bootSystem } from "./boot.ts";
export { System } from "./system.ts";
