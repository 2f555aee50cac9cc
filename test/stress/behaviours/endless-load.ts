/** A module that says the number in its own URL, and then never comes to the end of its top level. */
import { defineActor } from "../../../index.ts";
import { say } from "./culprit.ts";

export const behaviour = defineActor({ receive: () => undefined });

say(Number(new URL(import.meta.url).searchParams.get("id")));
for (;;) Math.sqrt(2);
