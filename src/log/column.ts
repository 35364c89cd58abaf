type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

interface ArrayOf<A extends NumberArray> {
  new (length: number): A;
  readonly BYTES_PER_ELEMENT: number;
}

const FIRST_LENGTH = 1024;

/** A typed array that grows as it is written to. What was never set reads as 0. */
export class Column<A extends NumberArray> {
  values: A;

  constructor(private readonly type: ArrayOf<A>) {
    this.values = new type(FIRST_LENGTH);
  }

  get(index: number): number {
    return this.values[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.makeRoom(index + 1);
    this.values[index] = value;
  }

  /**
   * Makes room for `length` values, so that setting them one by one copies nothing. A column that has values already
   * grows by half at least: to make room for a few more, again and again, must not copy all each time.
   */
  reserve(length: number): void {
    const held = this.values.length;
    if (length <= held) return;
    this.#resize(held === FIRST_LENGTH ? length : Math.max(length, Math.ceil(held * 1.5)));
  }

  /** Copies bytes start..start+length of `source` to `index` and behind. */
  append(index: number, source: Uint8Array, start: number, length: number): void {
    this.makeRoom(index + length);
    const { values } = this;
    for (let i = 0; i < length; i++) values[index + i] = source[start + i] as number;
  }

  /** Makes room for `length` values, and for as many again when it was too small. */
  makeRoom(length: number): void {
    let grown = this.values.length;
    if (length <= grown) return;
    while (grown < length) grown *= 2;
    this.#resize(grown);
  }

  #resize(length: number): void {
    const grown = new this.type(length);
    grown.set(this.values);
    this.values = grown;
  }
}
