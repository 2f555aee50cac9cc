/** The parser of an option's value that is a whole number. */
import { InvalidArgumentError } from "commander";

/** @throws InvalidArgumentError, which commander prints beside the option's name: not a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (text.trim() !== "" && Number.isInteger(number) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is wanted.`);
  };
}
