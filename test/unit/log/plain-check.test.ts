import fc from 'fast-check';
import { type DeviceRecord, EntryChecker } from '../../../src/log/check-entry';
import { encodeEntry, type LogEntry } from '../../../src/log/entry';
import type { Finding } from '../../../src/log/findings';
import { LOG_ENTRY, LOG_OFFSET, MIB } from '../../../src/log/layout';
import { PlainCheck } from '../../../src/log/plain-check';
import { loadSuperblock } from '../../../src/log/superblock';
import {
  DEVICE_UUID,
  file,
  GIB,
  makeImage,
  mkdir,
  SECOND_DEVICE_UUID,
  Space,
  TYPICAL,
  typicalEntries,
} from '../../support/images';
import { logEntry } from '../../support/images-arbitrary';

const superblock = loadSuperblock(makeImage().store);
const DEVICES: DeviceRecord[] = [
  { uuid: DEVICE_UUID, size: 4 * GIB },
  { uuid: SECOND_DEVICE_UUID, size: 8 * GIB },
];

/** Room for one entry, with both judges of it. */
class Bench {
  readonly bytes = Buffer.alloc(LOG_ENTRY.bytes);
  readonly #plain = new PlainCheck(this.bytes, superblock, DEVICES);
  readonly #findings: Finding[] = [];
  readonly #checker = new EntryChecker(superblock, 4 * GIB, (found) => this.#findings.push(found));

  constructor() {
    this.#checker.devices.push(DEVICES[1] as DeviceRecord);
  }

  put(entry: LogEntry, index: number): void {
    encodeEntry(entry, index, this.bytes, 0);
  }

  recognise = (index: number) => this.#plain.recognise(0, index);

  judge(index: number) {
    this.#findings.length = 0;
    const verdict = this.#checker.check(this.bytes, 0, index);
    return { verdict, findings: [...this.#findings] };
  }

  /** Whether the entry was recognised, after making sure that the other judge agrees if so. */
  agree(index: number): boolean {
    const recognised = this.recognise(index);
    if (recognised) expect(this.judge(index)).toEqual({ verdict: recognised, findings: [] });
    return recognised !== undefined;
  }
}

const space = new Space();
const PLAIN: [string, LogEntry][] = [
  ['a file of one extent', file('data/part-0001.parquet', MIB, space.simple(MIB), { uid: 1000, gid: 1000 })],
  ['a file of sixteen extents', file('f', 1, space.simple(...Array.from({ length: 16 }, () => 1)))],
  ['an empty file on another device', file('e', 0, { kind: 'simple', extents: [space.take(1, 1)] })],
  ['a file with the longest path', file('x'.repeat(79), 1, space.simple(1))],
  [
    'a file with all permissions and flags',
    file('all rights', 1, space.simple(1), { mode: 0o7777, flags: 3 }),
  ],
  ['a directory', mkdir('some/directory', 0o7777)],
];

describe('sound entries of the usual kinds are recognised', () => {
  test.each(PLAIN)('%s', (_what, entry) => {
    const bench = new Bench();
    bench.put(entry, 7);
    expect(bench.recognise(7)).toBe(entry.type);
    expect(bench.agree(7)).toBe(true);
  });

  test('in whatever place of a block', () => {
    const bytes = Buffer.alloc(PLAIN.length * LOG_ENTRY.bytes);
    const plain = new PlainCheck(bytes, superblock, DEVICES);
    for (const [slot, [, entry]] of PLAIN.entries())
      encodeEntry(entry, 100 + slot, bytes, slot * LOG_ENTRY.bytes);
    const told = PLAIN.map((_, slot) => plain.recognise(slot, 100 + slot));
    expect(told).toEqual(PLAIN.map(([, { type }]) => type));
    expect(PLAIN.map((_, slot) => plain.recognise(slot, slot))).toEqual(PLAIN.map(() => undefined));
  });

  test('of the typical ones all but striped files, added devices and names beyond ASCII', () => {
    const entries = typicalEntries();
    const bench = new Bench();
    const others = entries.flatMap((entry, index) => {
      bench.put(entry, index);
      return bench.agree(index) ? [] : [index];
    });
    expect(others).toEqual([TYPICAL.striped, TYPICAL.addDaxdev, 10, TYPICAL.last]);
  });
});

describe('whatever is recognised is sound', () => {
  const VALUES = [0, 1, 2, 4, 0x1f, 0x20, 0x2e, 0x2f, 0x41, 0x7e, 0x7f, 0x80, 0xff];

  test.each(PLAIN)('%s, with each byte changed to each of many values', (_what, entry) => {
    const bench = new Bench();
    let recognised = 0;
    for (let at = 0; at < LOG_ENTRY.fields.crc.offset; at++) {
      for (const value of VALUES) {
        bench.put(entry, 7);
        bench.bytes[at] = value;
        LOG_ENTRY.fields.crc.seal(bench.bytes, 0);
        if (bench.agree(7)) recognised++;
      }
    }
    expect(recognised).toBeGreaterThan(100);
  });

  test('arbitrary entries, and two bytes of them changed', () => {
    const bench = new Bench();
    const change = fc.tuple(fc.nat(LOG_ENTRY.fields.crc.offset - 1), fc.nat(255));
    fc.assert(
      fc.property(logEntry, fc.array(change, { maxLength: 2 }), fc.nat(3), (entry, changes, index) => {
        bench.put(entry, 1);
        for (const [at, value] of changes) bench.bytes[at] = value;
        LOG_ENTRY.fields.crc.seal(bench.bytes, 0);
        bench.agree(index);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('not recognised is an entry', () => {
  const plain = PLAIN[0]?.[1] as LogEntry;
  const refused = (index: number, change: (bytes: Buffer) => void = () => {}) => {
    const bench = new Bench();
    bench.put(plain, 7);
    change(bench.bytes);
    return bench.recognise(index) === undefined;
  };

  test('with another sum than its own, in either half', () => {
    const { crc } = LOG_ENTRY.fields;
    for (let at = 0; at < LOG_ENTRY.bytes; at++) {
      expect(refused(7, (bytes) => bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at))).toBe(true);
    }
    expect(refused(7, (bytes) => bytes.writeUInt8(1, crc.offset + 7))).toBe(true);
  });

  test('in another place of the log', () => {
    expect(refused(6)).toBe(true);
    expect(refused(7 + 2 ** 20)).toBe(true);
  });

  test('whose extent is where no file may be, or holds less than the file', () => {
    const at = (offset: number, length = 2 * MIB, devindex = 0, size = 1) => {
      const bench = new Bench();
      bench.put(file('f', size, { kind: 'simple', extents: [{ devindex, offset, length }] }), 7);
      return bench.agree(7);
    };
    const first = LOG_OFFSET + superblock.logLength;
    expect([at(first), at(4 * GIB - 2 * MIB), at(2 * MIB, 2 * MIB, 1)]).toEqual([true, true, true]);
    expect([at(0), at(first - 2 * MIB), at(0, 2 * MIB, 1), at(first, 0)]).toEqual(Array(4).fill(false));
    expect([at(first + MIB), at(first, MIB), at(4 * GIB), at(first, 4 * GIB)]).toEqual(Array(4).fill(false));
    expect([at(first, 2 * MIB, 2), at(first, 2 * MIB, 0, 2 * MIB + 1)]).toEqual([false, false]);
  });
});
