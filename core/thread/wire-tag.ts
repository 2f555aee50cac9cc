/**
 * The first byte of every value in a message between threads. Bytes from 128 up are the whole numbers 0 to 127.
 *
 * Two notations share the simple tags. A *tree* nests its values; it is what nearly every message is. A *graph* (its
 * own tag in front) is for messages in which an object is met twice or that hold a Map, a Set, an Error and the like:
 * there an object is announced where it is first met and filled later, in order of announcement, so cycles and any
 * depth are nothing special. Both threads run the same build, so the numbers have no meaning beyond a process.
 */
export const tag = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  /** An element that an array does not have. */
  hole: 4,
  int32: 5,
  double: 6,
  bigint64: 7,
  /** A bigint of more than 64 bits, as its decimal text. */
  bigint: 8,
  /** One byte a character: length in 8 bits, in 32 bits. */
  text: 9,
  longText: 10,
  /** Two bytes a character, length in 32 bits. Exact, lone surrogates included. */
  wideText: 11,
  /** A text that the reader knows already: its number in 16 bits. */
  knownText: 12,
  /** A plain object: 32 bits that are the number of its shape, or with the top bit the distance to its list of keys. */
  object: 13,
  array: 14,
  date: 15,
  /** Bytes with the kind of view that they had. */
  binary: 16,
  ref: 17,
  /** The rest of the message is a graph. */
  graph: 18,
  // In a graph only:
  again: 19,
  map: 20,
  set: 21,
  error: 22,
  regexp: 23,
  /** An object that came by the side port: its place in that list. */
  transferred: 24,
  /** A view over a transferred buffer. */
  transferredView: 25,
} as const;

/** Set in an object's word when its keys stand behind its values. */
export const keysFollow = 0x8000_0000;

/** What a definition defines; definitions are numbered in the order in which they travel. */
export const definition = { shape: 1, text: 2 } as const;

/** Every bound of the tables that both ends keep. What does not get in is written out in full each time. */
export const tableBounds = {
  shapesMax: 1024,
  shapeKeysMax: 32,
  shapeCharsMax: 240,
  textsMax: 4096,
  textCharsMax: 32,
  /** Candidates seen once and not yet seen again. */
  candidatesMax: 512,
} as const;

/** Longest encoding of one message. */
export const messageBytesMax = 2 ** 30;

/** Errors that come out with their own constructor, by place; any other comes out as an Error with its name. */
export const errorKinds = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
] as const;
