/** A binary heap whose members know their places, so that one whose rank has changed moves to its new one. */

export interface Ranked {
  /** Its place; -1: it stands in no heap. */
  place: number;
}

export class RankedHeap<M extends Ranked> {
  readonly #isBefore: (a: M, b: M) => boolean;
  #members: M[] = [];

  constructor(isBefore: (a: M, b: M) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): M | undefined {
    return this.#members[0];
  }

  get size(): number {
    return this.#members.length;
  }

  add(member: M): void {
    this.#members.push(member);
    this.#rise(member, this.#members.length - 1);
  }

  /** Its rank has changed. */
  moved(member: M): void {
    const { place } = member;
    this.#rise(member, place);
    if (member.place === place) this.#sink(member, place);
  }

  remove(member: M): void {
    const { place } = member;
    const last = this.#members.pop() as M;
    member.place = -1;
    if (last === member) return;
    last.place = place;
    this.#members[place] = last;
    this.moved(last);
  }

  /** Takes the place of all that stood here. */
  fill(members: M[]): void {
    for (const member of this.#members) member.place = -1;
    this.#members = members;
    for (let place = 0; place < members.length; place++) (members[place] as M).place = place;
    for (let place = (members.length >> 1) - 1; place >= 0; place--) this.#sink(members[place] as M, place);
  }

  #rise(member: M, from: number): void {
    const members = this.#members;
    let place = from;
    while (place > 0) {
      const up = (place - 1) >> 1;
      const above = members[up] as M;
      if (!this.#isBefore(member, above)) break;
      members[place] = above;
      above.place = place;
      place = up;
    }
    members[place] = member;
    member.place = place;
  }

  #sink(member: M, from: number): void {
    const members = this.#members;
    let place = from;
    for (;;) {
      let down = 2 * place + 1;
      if (down >= members.length) break;
      if (down + 1 < members.length && this.#isBefore(members[down + 1] as M, members[down] as M)) down++;
      const below = members[down] as M;
      if (!this.#isBefore(below, member)) break;
      members[place] = below;
      below.place = place;
      place = down;
    }
    members[place] = member;
    member.place = place;
  }
}
