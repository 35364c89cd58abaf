import { isUtf8 } from 'node:buffer';

/**
 * Paths are bytes, and text where people give them. Bytes of a path that are no UTF-8 are in its text as lone
 * surrogates, U+DC80 to U+DCFF, which no UTF-8 stands for: text and bytes can be turned into one another without loss.
 */
const STRAY = /([\udc80-\udcff])/u;
const FIRST_STRAY = 0xdc00;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, and sequences that colour text
const CONTROL_IN_LINES = /\x1b\[[\d;]*m|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** The text of a path in bytes. */
export function pathText(bytes: Buffer): string {
  return decoded(bytes, (byte) => String.fromCharCode(FIRST_STRAY + byte));
}

/** The bytes of a path, as the system knows it. */
export function pathBytes(text: string): Buffer {
  if (!STRAY.test(text)) return Buffer.from(text);
  return Buffer.concat(
    text.split(STRAY).map((part) => (STRAY.test(part) ? Buffer.of(byteOf(part)) : Buffer.from(part))),
  );
}

/** Text to be shown: bytes that are no UTF-8 as \xHH. */
export function shownText(text: string): string {
  return STRAY.test(text) ? text.replace(new RegExp(STRAY, 'gu'), (part) => escaped(byteOf(part))) : text;
}

/** One line of text to be shown, with control characters, which a terminal would act on, as \xHH too. */
export function shownLine(text: string): string {
  return shownText(text).replace(CONTROL, escapedControl);
}

/** As shownLine, of text that has lines, and colours of its own: they stay. */
export function shownLines(text: string): string {
  return shownText(text).replace(CONTROL_IN_LINES, (found) =>
    found.length === 1 ? escapedControl(found) : found,
  );
}

/** UTF-8 as text to be shown, with bytes that are none as \xHH. */
export function shownBytes(bytes: Buffer): string {
  return decoded(bytes, escaped);
}

function decoded(bytes: Buffer, stray: (byte: number) => string): string {
  if (isUtf8(bytes)) return bytes.toString();
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    let length = Math.min(4, bytes.length - at);
    while (length > 0 && !isUtf8(bytes.subarray(at, at + length))) length--;
    text += length === 0 ? stray(bytes.readUInt8(at)) : bytes.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

function byteOf(stray: string): number {
  return stray.charCodeAt(0) - FIRST_STRAY;
}

function escaped(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

function escapedControl(character: string): string {
  return escaped(character.charCodeAt(0));
}
