/**
 * Turns messages into bytes for one other thread.
 *
 * One walk checks, learns and writes. Nearly every message is a tree, whose values are written where they are met;
 * an object met twice, great depth or a special kind starts the message over as a graph (`graph-encoder.ts`).
 * Definitions of shapes and texts are kept apart from the message: they must reach the decoder before the message that
 * uses them, whatever becomes of that message.
 *
 * Why not msgpackr: its records were the model, but its extensions are global to a process, and -0, lone surrogates,
 * holes, `__proto__`, an Error's stack and fields and cycles through anything but objects and Maps do not survive it;
 * a walk of our own has to look at every value anyway.
 */
import { writeBinary } from "./binary-view.ts";
import { ByteSink, noRoom } from "./byte-sink.ts";
import { writeGraph } from "./graph-encoder.ts";
import { checkMessage, MessageRefused, objectKind } from "./message-check.ts";
import { type RefWire, writeRef } from "./ref-wire.ts";
import { type Place, ShapeTable } from "./shape-table.ts";
import { ValueDecoder } from "./value-decoder.ts";
import { definition, keysFollow, tableBounds, tag } from "./wire-tag.ts";

/** Thrown by the walk and caught right above it; made once, since their stacks tell nothing. */
const entangled = new Error("the message is not a tree");
const refused = new Error("something in the message cannot cross");
const strange = new Error("the decoder does not know all of it yet");

/** Deeper than this a message is written as a graph, which needs no stack. */
const treeDepthMax = 128;
/** Up to so many objects a loop finds one that was met before; beyond, a Set does. */
const metInLoopMax = 32;
/** A place where so many more unknown texts than known ones stood is not looked up any more. */
const strangersMax = 64;
/** Own memory beyond this is given back after a large message. */
const keptBytesMax = 2 ** 20;

export class ValueEncoder {
  /** Definitions that the decoder must have before the message that was encoded last; emptied by who sends them. */
  readonly definitions: Buffer[] = [];
  readonly #refs: RefWire;
  readonly #isRef: (value: object) => boolean;
  readonly #out = new ByteSink();
  readonly #shapes = new ShapeTable();
  readonly #root: Place;
  /** Where the message itself stands, and the elements of arrays in no known place. */
  readonly #top: Place;
  readonly #texts = new Map<string, number>();
  readonly #textCandidates = new Set<string>();
  readonly #met: (object | undefined)[] = Array.from({ length: metInLoopMax });
  #metCount = 0;
  #metMore: Set<object> | undefined;
  #depth = 0;
  /** Nothing is learnt: what the decoder has not been told of ends the walk. */
  #knowsAll = false;

  constructor(refs: RefWire) {
    this.#refs = refs;
    this.#isRef = (value) => refs.isRef(value);
    this.#root = this.#shapes.root;
    this.#top = this.#root.open("");
  }

  /**
   * Writes a message into `bytes` (which `view` shows as well) from `start`, not beyond `end`. Returns the end of what
   * it wrote, or -1 if it does not fit. Look at `definitions` in either case: where there are any, send them and encode
   * again, or not at all.
   *
   * @throws MessageRefused something in it cannot cross; what a getter of the message throws; RuntimeError `message_too_large`
   */
  encodeInto(
    bytes: Buffer,
    view: DataView<ArrayBufferLike>,
    start: number,
    end: number,
    message: unknown,
    transfer?: readonly unknown[],
  ): number {
    this.#out.writeInto(bytes, view, start, end);
    return this.#encode(message, transfer, start) ? this.#out.position : -1;
  }

  /**
   * The same for a message of which the decoder knows all shapes already, and which is plain, without fields under symbols:
   * -1 for any other, and where it does not fit. It may be cut down at any instruction: what it leaves behind then is
   * nothing that a later message could stumble over, since it changes no more than memories of single steps, each in a straight line.
   */
  encodeKnown(bytes: Buffer, view: DataView<ArrayBufferLike>, start: number, end: number, message: unknown): number {
    const out = this.#out;
    out.writeInto(bytes, view, start, end);
    this.#begin(true);
    try {
      this.#value(message, this.#top);
    } catch {
      return -1;
    } finally {
      this.#forget();
    }
    return out.position;
  }

  /** Writes a message of any size; the bytes are valid until the next one. Throws as `encodeInto`. */
  encode(message: unknown, transfer?: readonly unknown[]): Buffer {
    this.#out.shrink(keptBytesMax);
    this.#out.writeOwn();
    this.#encode(message, transfer, 0);
    return this.#out.written();
  }

  /** Reads what this one has written, whatever its own decoder has come to read of it. */
  decoder(): ValueDecoder {
    return new ValueDecoder(this.#refs, this.#shapes.shapes, [...this.#texts.keys()]);
  }

  #begin(knowsAll: boolean): void {
    this.#depth = 0;
    this.#knowsAll = knowsAll;
    // Of one that was cut down.
    if (this.#metCount > 0) this.#forget();
  }

  #encode(message: unknown, transfer: readonly unknown[] | undefined, start: number): boolean {
    this.#begin(false);
    try {
      if (transfer === undefined || transfer.length === 0) {
        try {
          this.#value(message, this.#top);
          return true;
        } catch (signal) {
          if (signal !== entangled) {
            throw signal;
          }
        } finally {
          this.#forget();
        }
        this.#out.position = start;
      }
      this.#out.byte(tag.graph);
      if (!writeGraph(this.#out, message, transfer, this.#refs)) {
        throw refused;
      }
      return true;
    } catch (signal) {
      if (signal === noRoom) {
        return false;
      }
      // The walk that knows the path says what is wrong, also with a getter that threw.
      checkMessage(message, transfer, this.#isRef, false);
      if (signal === refused) {
        throw new MessageRefused("message", "changed while it was encoded");
      }
      throw signal;
    }
  }

  #value(value: unknown, place: Place): void {
    switch (typeof value) {
      case "string":
        this.#text(value, place);
        return;
      case "number":
        this.#out.number(value);
        return;
      case "object":
        if (value === null) {
          this.#out.byte(tag.null);
        } else {
          // A quick look that may take an odd object for a plain one; the check at the sender looks at the prototypes.
          const made = value.constructor;
          if (made === Object) {
            this.#object(value as Record<string, unknown>, place);
          } else if (made === Array && Array.isArray(value)) {
            this.#array(value, place);
          } else {
            this.#special(value, place);
          }
        }
        return;
      case "boolean":
        this.#out.byte(value ? tag.true : tag.false);
        return;
      case "undefined":
        this.#out.byte(tag.undefined);
        return;
      case "bigint":
        this.#out.bigint(value);
        return;
      case "function":
      case "symbol":
        throw refused;
    }
  }

  #object(object: Record<string, unknown>, place: Place): void {
    if (this.#knowsAll && !isSurelyPlain(object)) throw strange;
    this.#enter(object);
    const at = this.#out.word(tag.object, 0);
    let here = place.entry(this.#root);
    let count = 0;
    for (const key in object) {
      here = here.key === key ? here.next : here.step(key);
      this.#value(object[key], here);
      count++;
    }
    this.#depth--;
    const shape = here.shape;
    if (shape >= 0) {
      this.#out.view.setUint32(at, shape, true);
    } else {
      this.#unknownShape(object, at, count);
    }
  }

  #unknownShape(object: object, at: number, count: number): void {
    if (this.#knowsAll) throw strange;
    const keys = Object.keys(object);
    if (keys.length !== count) {
      // Enumerable fields of a prototype, or a getter that changed its object: a graph reads own keys only.
      throw entangled;
    }
    const shape = this.#shapes.learn(keys);
    if (shape >= 0) {
      this.#define(definition.shape, keys);
      this.#out.view.setUint32(at, shape, true);
      return;
    }
    this.#out.view.setUint32(at, keysFollow + (this.#out.position - at), true);
    this.#out.uint32(count);
    for (const key of keys) {
      this.#out.text(key);
    }
  }

  #array(array: readonly unknown[], place: Place): void {
    if (this.#knowsAll && Object.getPrototypeOf(array) !== Array.prototype) throw strange;
    this.#enter(array);
    const length = array.length;
    this.#out.word(tag.array, length);
    for (let i = 0; i < length; i++) {
      const element = array[i];
      if (element === undefined && !(i in array)) {
        this.#out.byte(tag.hole);
      } else {
        this.#value(element, place);
      }
    }
    this.#depth--;
  }

  #special(value: object, place: Place): void {
    // Most of them are refs, which are quickly told.
    const kind = this.#isRef(value) ? "ref" : objectKind(value, this.#isRef);
    switch (kind) {
      case "object":
        this.#object(value as Record<string, unknown>, place);
        return;
      case "array":
        this.#array(value as readonly unknown[], place);
        return;
      case "ref": {
        this.#out.byte(tag.ref);
        writeRef(this.#out, this.#refs.toWire(value));
        return;
      }
      case "date":
        this.#enter(value);
        this.#depth--;
        this.#out.byte(tag.date);
        this.#out.number(Date.prototype.getTime.call(value));
        return;
      case "view":
        this.#enter(value);
        this.#depth--;
        if ((value as ArrayBufferView<ArrayBuffer>).buffer.detached) {
          throw refused;
        }
        writeBinary(this.#out, value as ArrayBufferView);
        return;
      case "refused":
        throw refused;
      case "buffer":
      case "error":
      case "map":
      case "regexp":
      case "set":
        throw entangled;
    }
  }

  /** A tree meets every object once. */
  #enter(object: object): void {
    const count = this.#metCount;
    if (count < metInLoopMax) {
      const met = this.#met;
      for (let i = 0; i < count; i++) {
        if (met[i] === object) {
          throw entangled;
        }
      }
      met[count] = object;
      this.#metCount = count + 1;
    } else {
      const more = (this.#metMore ??= new Set(this.#met as object[]));
      const before = more.size;
      if (more.add(object).size === before) {
        throw entangled;
      }
    }
    if (++this.#depth > treeDepthMax) {
      throw entangled;
    }
  }

  #forget(): void {
    for (let i = 0; i < this.#metCount; i++) {
      this.#met[i] = undefined;
    }
    this.#metCount = 0;
    this.#metMore = undefined;
  }

  #text(text: string, place: Place): void {
    if (place.text === text) {
      this.#knownText(place.textNumber);
    } else if (text.length > tableBounds.textCharsMax || place.strangers > strangersMax) {
      this.#out.text(text);
    } else {
      this.#strangeText(text, place);
    }
  }

  #strangeText(text: string, place: Place): void {
    let number = this.#texts.get(text);
    if (number === undefined) {
      const isLearnt = text.length >= 2 && this.#texts.size < tableBounds.textsMax;
      if (isLearnt && this.#knowsAll) throw strange;
      place.strangers++;
      number = isLearnt ? this.#learnText(text) : -1;
      if (number < 0) {
        this.#out.text(text);
        return;
      }
    } else if (place.strangers > -strangersMax) {
      place.strangers--;
    }
    place.text = text;
    place.textNumber = number;
    this.#knownText(number);
  }

  #knownText(number: number): void {
    const out = this.#out;
    out.need(3);
    const at = out.position;
    out.bytes[at] = tag.knownText;
    out.bytes[at + 1] = number & 255;
    out.bytes[at + 2] = number >> 8;
    out.position = at + 3;
  }

  /** The number of a text that is met for the second time, else -1. */
  #learnText(text: string): number {
    if (!this.#textCandidates.delete(text)) {
      if (this.#textCandidates.size >= tableBounds.candidatesMax) {
        this.#textCandidates.clear();
      }
      this.#textCandidates.add(text);
      return -1;
    }
    const number = this.#texts.size;
    this.#texts.set(text, number);
    this.#define(definition.text, [text]);
    return number;
  }

  #define(kind: number, texts: readonly string[]): void {
    const out = new ByteSink(1024);
    out.byte(kind);
    out.number(texts.length);
    for (const text of texts) {
      out.text(text);
    }
    this.definitions.push(out.written());
  }
}

/** What the check at the sender would not look at any closer. */
function isSurelyPlain(object: object): boolean {
  return Object.getPrototypeOf(object) === Object.prototype && Object.getOwnPropertySymbols(object).length === 0;
}
