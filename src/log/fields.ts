import { crc32 } from 'node:zlib';
import type { FindingCode } from './findings';

/**
 * What a field must be, for the validator and the docs: the finding when it is not, and the rule in words.
 * `holds` sees a u64 above 2^53 - 1 as Infinity, so that every upper bound refuses it.
 */
export interface Rule<T> {
  readonly code: FindingCode;
  readonly must: string;
  readonly holds: (value: T) => boolean;
}

/** One field of a structure: where it is, what it means, and how it is read and written there. */
export interface Field<T> {
  /** Bytes from the start of the structure. */
  readonly offset: number;
  readonly length: number;
  readonly type: string;
  readonly text: string;
  readonly rule?: Rule<T> | undefined;
  get(bytes: Buffer, base: number): T;
  set(bytes: Buffer, base: number, value: T): void;
}

export interface U64Field extends Field<number> {
  /** The exact value, where `get` gives Infinity for what is no safe integer. */
  big(bytes: Buffer, base: number): bigint;
  setBig(bytes: Buffer, base: number, value: bigint): void;
}

const HIGH_WORD = 2 ** 32;
const HIGH_WORD_LIMIT = 2 ** 21;

let viewed: Buffer = Buffer.alloc(0);
let view: DataView = new DataView(viewed.buffer, 0, 0);

/**
 * The 32-bit word at `at`: what readUInt32LE gives, in a fraction of the time, with a view kept for the bytes that were
 * read last. Throws RangeError behind the end.
 */
function word(bytes: Buffer, at: number): number {
  if (bytes !== viewed) {
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    viewed = bytes;
  }
  return view.getUint32(at, true);
}

/** An unsigned 64-bit number that has to be a safe integer to be of use. */
export function u64(offset: number, text: string, rule?: Rule<number>): U64Field {
  return {
    offset,
    length: 8,
    type: 'u64',
    text,
    rule,
    get(bytes, base) {
      const high = word(bytes, base + offset + 4);
      if (high >= HIGH_WORD_LIMIT) return Number.POSITIVE_INFINITY;
      return high * HIGH_WORD + word(bytes, base + offset);
    },
    set(bytes, base, value) {
      if (Number.isSafeInteger(value)) {
        bytes.writeUInt32LE(value % HIGH_WORD, base + offset);
        bytes.writeUInt32LE(Math.floor(value / HIGH_WORD), base + offset + 4);
      } else bytes.writeBigUInt64LE(BigInt(value), base + offset);
    },
    big: (bytes, base) => bytes.readBigUInt64LE(base + offset),
    setBig: (bytes, base, value) => void bytes.writeBigUInt64LE(value, base + offset),
  };
}

/** An unsigned 32-bit number. */
export function u32(offset: number, text: string, rule?: Rule<number>): Field<number> {
  return {
    offset,
    length: 4,
    type: 'u32',
    text,
    rule,
    get: (bytes, base) => word(bytes, base + offset),
    set: (bytes, base, value) => void bytes.writeUInt32LE(value, base + offset),
  };
}

/** A UUID: 16 bytes in the order of its text form. */
export function uuid(offset: number, text: string): Field<string> {
  return {
    offset,
    length: 16,
    type: '16 B',
    text,
    get(bytes, base) {
      const hex = bytes.toString('hex', base + offset, base + offset + 16);
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    },
    set: (bytes, base, value) => void bytes.write(value.replaceAll('-', ''), base + offset, 16, 'hex'),
  };
}

/**
 * Bytes of text with a NUL behind them, and NULs up to `length`. `get` gives the bytes before the first NUL, or all
 * of them where there is none.
 */
export function text(offset: number, length: number, description: string): Field<Buffer> {
  return {
    offset,
    length,
    type: `${length} B`,
    text: description,
    get(bytes, base) {
      const start = base + offset;
      const end = bytes.indexOf(0, start);
      return bytes.subarray(start, end === -1 || end > start + length ? start + length : end);
    },
    set(bytes, base, value) {
      const start = base + offset;
      value.copy(bytes.fill(0, start, start + length), start, 0, length);
    },
  };
}

/** `count` structures of `stride` bytes, one behind the other: named for the docs, read through their own table. */
export function array(offset: number, count: number, stride: number, description: string): Field<undefined> {
  return {
    offset,
    length: count * stride,
    type: `${count} x ${stride} B`,
    text: description,
    get: () => undefined,
    set: () => undefined,
  };
}

export interface CrcField extends U64Field {
  /** Recomputes the sum over the bytes before it. */
  seal(bytes: Buffer, base: number): void;
  /** Undefined when it is right, else what is wrong with it: the sum, or its upper 32 bits. */
  verify(bytes: Buffer, base: number): 'crc' | 'upper' | undefined;
  /** Bytes covered, from the start of the structure. */
  readonly covers: number;
}

/** Of bytes base..base+length. A plain array is a cheaper view than a Buffer, and a log has half a million entries. */
function sum(bytes: Buffer, base: number, length: number): number {
  return crc32(new Uint8Array(bytes.buffer, bytes.byteOffset + base, length));
}

/** A CRC-32 (zlib's, start value 0) of the structure's first `covers` bytes, in 64 bits whose upper half is zero. */
export function crc(offset: number, covers: number): CrcField {
  const field = u64(offset, `CRC-32 of bytes 0..${covers - 1}, upper 32 bits zero`);
  return {
    ...field,
    covers,
    seal: (bytes, base) => field.set(bytes, base, sum(bytes, base, covers)),
    verify(bytes, base) {
      if (word(bytes, base + offset) !== sum(bytes, base, covers)) return 'crc';
      return word(bytes, base + offset + 4) === 0 ? undefined : 'upper';
    },
  };
}

type AnyField = Field<number> | Field<string> | Field<Buffer> | Field<undefined>;

/** A structure on the media: its name, its size in bytes, and its fields by name. */
export interface Structure<F extends Record<string, AnyField>> {
  readonly name: string;
  readonly bytes: number;
  readonly fields: F;
  /** The fields that have a rule. */
  readonly ruled: readonly RuledField[];
}

interface RuledField {
  readonly name: string;
  readonly field: Field<unknown>;
  readonly rule: Rule<unknown>;
}

/** The values of a structure's fields, as `decode` gives and `encode` takes them. */
export type Values<S> =
  S extends Structure<infer F> ? { [K in keyof F]: F[K] extends Field<infer T> ? T : never } : never;

export function structure<F extends Record<string, AnyField>>(
  name: string,
  bytes: number,
  fields: F,
): Structure<F> {
  const ruled = Object.entries(fields as Record<string, Field<unknown>>).flatMap(([key, field]) =>
    field.rule ? [{ name: key, field, rule: field.rule }] : [],
  );
  return { name, bytes, fields, ruled };
}

/** Reads all fields of the structure that begins at `base`. Checks nothing. */
export function decode<F extends Record<string, AnyField>>(
  { fields }: Structure<F>,
  bytes: Buffer,
  base = 0,
): Values<Structure<F>> {
  const values = Object.entries(fields).map(([name, field]) => [name, field.get(bytes, base)]);
  return Object.fromEntries(values) as Values<Structure<F>>;
}

/** Writes the given fields of the structure that begins at `base`; the others keep their bytes. */
export function encode<F extends Record<string, AnyField>>(
  { fields }: Structure<F>,
  bytes: Buffer,
  base: number,
  values: Partial<Values<Structure<F>>>,
): void {
  for (const [name, value] of Object.entries(values)) {
    (fields[name] as Field<unknown>).set(bytes, base, value);
  }
}

/** A run of bytes in a structure: from `start` up to, not including, `end`. */
export interface Gap {
  readonly start: number;
  readonly end: number;
}

/** The runs of bytes before `end` that belong to none of the fields, which must be zero on the media. */
export function gapsBetween(fields: readonly { offset: number; length: number }[], end: number): Gap[] {
  const gaps: Gap[] = [];
  let start = 0;
  for (const field of [...fields, { offset: end, length: 0 }].sort((a, b) => a.offset - b.offset)) {
    if (field.offset > start) gaps.push({ start, end: field.offset });
    start = Math.max(start, field.offset + field.length);
  }
  return gaps;
}

/** A broken rule: the finding's code, and the field, its value and the rule in words. */
export interface Violation {
  readonly code: FindingCode;
  readonly detail: string;
}

/** Calls `report` for each field that breaks its rule. */
export function verify(
  { ruled }: { readonly ruled: readonly RuledField[] },
  bytes: Buffer,
  base: number,
  report: (violation: Violation) => void,
): void {
  for (const { name, field, rule } of ruled) {
    if (rule.holds(field.get(bytes, base))) continue;
    report({ code: rule.code, detail: `${name} is ${exactText(field, bytes, base)}, must be ${rule.must}` });
  }
}

/** The value of a field for people: a u64 exactly, where `get` gives Infinity for what is no safe integer. */
export function exactText(field: Pick<Field<unknown>, 'get'>, bytes: Buffer, base: number): string {
  return 'big' in field ? `${(field as U64Field).big(bytes, base)}` : String(field.get(bytes, base));
}
