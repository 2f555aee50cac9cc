/** What stores are given to keep: a document of some 150 bytes, by the key of its number. */
export interface KeptDocument {
  readonly number: number;
  /** Rises with each that is made: a row that does not change is not written by SQLite. */
  readonly revision: number;
  readonly name: string;
  readonly tags: readonly string[];
  readonly text: string;
}

/** Keys that there are; higher numbers begin anew. */
export const keys = 10_000;

export const keyOf = (number: number): string => `document ${number % keys}`;

let revisions = 0;

export const documentOf = (number: number): KeptDocument => ({
  number,
  revision: (revisions += 1),
  name: `document of the number ${number}`,
  tags: ["kept", "measured"],
  text: "what somebody has written down so that it is not forgotten",
});
