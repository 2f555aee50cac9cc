/**
 * What the link runs: it answers main's heartbeat, and ends the process when main is gone.
 *
 * The actor has the process's first thread, since native code may ask for it. Whatever that thread does, also in an
 * endless loop, somebody answers and nothing is orphaned.
 */
import { Socket } from "node:net";
import { orphaned } from "./link.ts";
import { fds } from "./protocol.ts";

const socket = new Socket({ fd: fds.heartbeat, readable: true, writable: true });
socket.on("data", (beats: Buffer) => socket.write(beats));
socket.on("error", orphaned);
socket.on("close", orphaned);
