/** The parser of a folder's name: an empty one, as an unset variable leaves it, is not taken for the folder we are in. */
import { InvalidArgumentError } from "commander";

/** @throws InvalidArgumentError, which commander prints beside the option's name. */
export function folderName(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("It is empty; `.` is this folder.");
}
