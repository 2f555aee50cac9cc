/** The actor that is the first to be asked: it answers with what it gets. */
import { defineServer } from "../../index.ts";

export const greeter = defineServer({ calls: { greet: (_state, number: number) => number } });
