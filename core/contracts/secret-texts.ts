/**
 * What a plugin was given in confidence, taken out of each text that is told of it: a server may say again what it was sent. A
 * text is hidden first and cut to length then, since half a secret is not known again.
 */

/** Shorter ones would be found in words that have nothing to do with them. */
const secretMin = 4;
/** What stands in a secret's place. */
export const secretMark = "***";
const shownMax = 200;

/** From where to where. */
type Place = readonly [number, number];

export class SecretTexts {
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    const long = secrets.filter(({ length }) => length >= secretMin);
    this.#secrets = [...new Set(long.flatMap(spellings))];
  }

  /** The whole text, and instead of each secret three stars. */
  hide(text: string): string {
    return marked(text, this.#placesIn(text));
  }

  /** Of a text that was cut by somebody else: a secret that its end has only in part is hidden, too. */
  hideCut(text: string): string {
    // A sign that was cut in its bytes is none.
    const whole = text.replace(/\ufffd+$/, "");
    const part = Math.max(0, ...this.#secrets.map((secret) => partAtEnd(secret, whole)));
    const places = this.#placesIn(whole);
    return marked(whole, part === 0 ? places : [...places, [whole.length - part, whole.length]]);
  }

  /** Hidden, and then no longer than that. Default 200 characters. */
  beginning(text: string, max = shownMax): string {
    const hidden = this.hide(text);
    return hidden.length > max ? `${hidden.slice(0, max)} ... (${hidden.length} characters)` : hidden;
  }

  #placesIn(text: string): readonly Place[] {
    return this.#secrets.flatMap((secret) => placesOf(secret, text));
  }
}

/** As it is, as it stands in JSON, and as it stands in an address. */
function spellings(secret: string): readonly string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())];
}

function marked(text: string, places: readonly Place[]): string {
  let hidden = "";
  let end = 0;
  for (const [from, to] of places.toSorted(([a], [b]) => a - b)) {
    // Where two overlap there is one mark for both.
    if (from > end || end === 0) hidden += text.slice(end, from) + secretMark;
    end = Math.max(end, to);
  }
  return hidden + text.slice(end);
}

/** Where it stands in the text: what overlaps is one. */
function placesOf(secret: string, text: string): readonly Place[] {
  const places: [number, number][] = [];
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
    const last = places.at(-1);
    if (last !== undefined && at <= last[1]) last[1] = at + secret.length;
    else places.push([at, at + secret.length]);
  }
  return places;
}

/** How much of the secret's beginning is the text's end. */
function partAtEnd(secret: string, text: string): number {
  for (let part = Math.min(secret.length - 1, text.length); part > 0; part--)
    if (text.endsWith(secret.slice(0, part))) return part;
  return 0;
}
