/** What stores are given to keep: a document of some 150 bytes, by the key of its number. */
export interface KeptDocument {
  readonly number: number;
  readonly name: string;
  readonly tags: readonly string[];
  readonly text: string;
}

/** Keys that there are; higher numbers begin anew. */
export const keys = 10_000;

export const keyOf = (number: number): string => `document ${number % keys}`;

export const documentOf = (number: number): KeptDocument => ({
  number,
  name: `document of the number ${number}`,
  tags: ["kept", "measured"],
  text: "what somebody has written down so that it is not forgotten",
});
