import fc from 'fast-check';
import {
  array,
  crc,
  exactText,
  gapsBetween,
  structure,
  text,
  u32,
  u64,
  uuid,
  verify,
} from '../../../src/log/fields';
import * as layout from '../../../src/log/layout';
import { isPowerOfTwo } from '../../../src/numbers';

const MAX_U64 = 2n ** 64n - 1n;

describe('u64', () => {
  const field = u64(3, 'a number');
  const store = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(20, 0xa5);
    field.setBig(bytes, 5, value);
    return bytes;
  };

  test.each([
    [0n, 0],
    [2n ** 32n - 1n, 2 ** 32 - 1],
    [2n ** 32n, 2 ** 32],
    [2n ** 53n - 1n, Number.MAX_SAFE_INTEGER],
    [2n ** 53n, Number.POSITIVE_INFINITY],
    [2n ** 53n + 1n, Number.POSITIVE_INFINITY],
    [2n ** 63n, Number.POSITIVE_INFINITY],
    [MAX_U64, Number.POSITIVE_INFINITY],
  ])('%s reads as %s, and exactly', (value, expected) => {
    const bytes = store(value);
    expect(field.get(bytes, 5)).toBe(expected);
    expect(field.big(bytes, 5)).toBe(value);
    expect(exactText(field, bytes, 5)).toBe(String(value));
  });

  test('every value reads exactly as a bigint, and as a number where it is one', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MAX_U64 }), (value) => {
        const bytes = store(value);
        expect(field.big(bytes, 5)).toBe(value);
        const number = Number(value);
        expect(field.get(bytes, 5)).toBe(Number.isSafeInteger(number) ? number : Number.POSITIVE_INFINITY);
      }),
    );
  });

  test('writes what it reads, and nothing beside it', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = Buffer.alloc(20, 0xa5);
        field.set(bytes, 5, value);
        expect(bytes.equals(store(BigInt(value)))).toBe(true);
        expect(bytes.subarray(0, 8).every((byte) => byte === 0xa5)).toBe(true);
        expect(bytes.subarray(16).every((byte) => byte === 0xa5)).toBe(true);
      }),
    );
  });

  test('refuses to write what is no number of bytes', () => {
    const bytes = Buffer.alloc(20);
    for (const value of [-1, Number.POSITIVE_INFINITY, 1.5, Number.NaN]) {
      expect(() => field.set(bytes, 5, value)).toThrow();
    }
  });
});

test('uuid keeps the order of its text form', () => {
  const field = uuid(2, 'a UUID');
  fc.assert(
    fc.property(fc.uuid(), (value) => {
      const bytes = Buffer.alloc(20);
      field.set(bytes, 1, value);
      expect(bytes.toString('hex', 3, 19)).toBe(value.replaceAll('-', ''));
      expect(field.get(bytes, 1)).toBe(value);
    }),
  );
});

test('text reads up to the first NUL, or all of its bytes', () => {
  const field = text(1, 8, 'a name');
  const bytes = Buffer.alloc(10, 0xff);
  field.set(bytes, 0, Buffer.from('abc'));
  expect(bytes.toString('latin1')).toBe('\xffabc\0\0\0\0\0\xff');
  expect(field.get(bytes, 0).toString()).toBe('abc');
  field.set(bytes, 0, Buffer.from('12345678'));
  expect(field.get(bytes, 0).toString()).toBe('12345678');
  field.set(bytes, 0, Buffer.from('1234567890'));
  expect(bytes.toString('latin1')).toBe('\xff12345678\xff');
  const followed = Buffer.from('\xff12345678next\0', 'latin1');
  expect(field.get(followed, 0).toString()).toBe('12345678');
});

test('each kind of field names its type, and a checksum what it covers', () => {
  const fields = [u64(0, ''), u32(0, ''), uuid(0, ''), text(0, 80, ''), array(0, 16, 24, '')];
  expect(fields.map(({ type }) => type)).toEqual(['u64', 'u32', '16 B', '80 B', '16 x 24 B']);
  expect(crc(96, 96)).toMatchObject({ type: 'u64', text: 'CRC-32 of bytes 0..95, upper 32 bits zero' });
});

test('a checksum tells a wrong sum from a wrong upper half', () => {
  const field = crc(16, 16);
  const bytes = Buffer.alloc(24, 7);
  field.seal(bytes, 0);
  expect(field.verify(bytes, 0)).toBeUndefined();
  bytes.writeUInt32LE(1, 20);
  expect(field.verify(bytes, 0)).toBe('upper');
  bytes.writeUInt8(8, 0);
  expect(field.verify(bytes, 0)).toBe('crc');
});

test('rules are checked in the order of the fields, and report the exact value', () => {
  const table = structure('a thing', 16, {
    small: u32(0, 'small', { code: 'file-flags', must: 'below 4', holds: (v) => v < 4 }),
    free: u32(4, 'free'),
    big: u64(8, 'big', { code: 'file-size', must: 'safe', holds: Number.isSafeInteger }),
  });
  const bytes = Buffer.alloc(16, 0xff);
  const found: string[] = [];
  verify(table, bytes, 0, ({ code, detail }) => found.push(`${code}: ${detail}`));
  expect(found).toEqual([
    'file-flags: small is 4294967295, must be below 4',
    `file-size: big is ${MAX_U64}, must be safe`,
  ]);
});

test('gaps are what no field covers', () => {
  const fields = [u32(4, ''), u64(8, ''), array(20, 2, 4, '')];
  expect(gapsBetween(fields, 32)).toEqual([
    { start: 0, end: 4 },
    { start: 16, end: 20 },
    { start: 28, end: 32 },
  ]);
  expect(gapsBetween(fields.toReversed(), 32)).toEqual(gapsBetween(fields, 32));
  expect(gapsBetween([array(0, 1, 8, '')], 8)).toEqual([]);
});

const tables = Object.values(layout).flatMap((value) =>
  typeof value === 'object' && 'fields' in value ? [value] : [],
);

test.each(tables.map((table) => [table.name, table] as const))('%s: its fields lie in it', (_name, table) => {
  for (const field of Object.values(table.fields)) {
    expect(field.offset + field.length).toBeLessThanOrEqual(table.bytes);
    expect(field.text).not.toBe('');
  }
});

test('sizes that are shared with other implementations', () => {
  expect(tables.length).toBe(9);
  expect([layout.SUPERBLOCK.bytes, layout.LOG_HEADER.bytes, layout.LOG_ENTRY.bytes]).toEqual([200, 48, 544]);
  const lengths = [8, 16, 32, 64, 128, 256, 512, 1024].map((mebibytes) => mebibytes * layout.MIB);
  expect(lengths.map(layout.logCapacity)).toEqual([
    15_420, 30_840, 61_680, 123_361, 246_723, 493_447, 986_894, 1_973_790,
  ]);
  expect(layout.entryOffset(2)).toBe(2 ** 21 + 48 + 2 * 544);
});

test('isPowerOfTwo', () => {
  const yes = Array.from({ length: 53 }, (_, shift) => 2 ** shift);
  expect(yes.filter((value) => !isPowerOfTwo(value))).toEqual([]);
  const no = [0, -1, -2, 3, 6, 2 ** 52 + 1, 2 ** 53, 1.5, 0.5, Number.POSITIVE_INFINITY, Number.NaN];
  expect(no.filter(isPowerOfTwo)).toEqual([]);
});
