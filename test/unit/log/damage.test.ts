import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from '../../../src/device/open';
import { FINDINGS, type Finding, type FindingCode } from '../../../src/log/findings';
import { inspectHeader } from '../../../src/log/header';
import { LOG_OFFSET, logCapacity } from '../../../src/log/layout';
import { Replay } from '../../../src/log/replay';
import type { Store } from '../../../src/log/store';
import { hasUsableGeometry, inspectSuperblock, readSuperblockBytes } from '../../../src/log/superblock';
import { makeImage, TYPICAL, writeImage } from '../../support/images';
import { DAMAGED_IMAGES } from '../../support/images-damaged';

/** Found by comparing the extents of all files and looking at other devices: by the check operation, not by a replay. */
const FOUND_ELSEWHERE: FindingCode[] = [
  'ext-overlap',
  ...(['dev-missing', 'dev-damaged', 'dev-foreign', 'dev-truncated'] as const),
];

function findingsOf(store: Store): Finding[] {
  const { superblock, findings } = inspectSuperblock(readSuperblockBytes(store), store.size);
  if (!hasUsableGeometry(findings)) return findings;
  const header = inspectHeader(store, superblock.logLength);
  findings.push(...header.findings);
  const replay = new Replay(store, superblock, (found) => findings.push(found));
  replay.to(Math.min(header.counters.nextIndex, logCapacity(superblock.logLength)));
  return findings;
}

const codesOf = (findings: readonly Finding[]) => [...new Set(findings.map((found) => found.code))].sort();

test('a sound image has no findings', () => {
  expect(findingsOf(makeImage().store)).toEqual([]);
  expect(findingsOf(makeImage({ allocUnit: 4096 }).store)).toEqual([]);
});

test('an image written to a file is the same on the device that opens it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'famfs-image-'));
  try {
    const path = join(directory, 'device');
    const image = makeImage();
    writeImage(path, image);
    expect(statSync(path)).toMatchObject({ size: image.store.size });
    const device = openDevice(path, { writable: false });
    expect(findingsOf(device)).toEqual([]);
    const length = LOG_OFFSET + image.logLength;
    expect(device.read(0, length).equals(image.store.read(0, length))).toBe(true);
    device.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe('damage is found', () => {
  test.each(DAMAGED_IMAGES.map((image) => [image.name, image] as const))('%s', (_name, { codes, make }) => {
    const findings = findingsOf(make().store);
    expect(codesOf(findings)).toEqual([...codes].sort());
    for (const found of findings) {
      expect(found.severity).toBe(FINDINGS[found.code].severity);
      expect(found.detail).not.toBe('');
    }
  });

  test('by a table that has every code', () => {
    const covered = new Set(DAMAGED_IMAGES.flatMap((image) => image.codes));
    expect([...covered, ...FOUND_ELSEWHERE].sort()).toEqual(Object.keys(FINDINGS).sort());
  });

  test('by a table whose names differ', () => {
    const names = DAMAGED_IMAGES.map((image) => image.name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('what is found says where', () => {
  const find = (name: string): Finding[] => {
    const image = DAMAGED_IMAGES.find((candidate) => candidate.name === name);
    if (!image) throw new Error(`no image "${name}"`);
    return findingsOf(image.make().store);
  };

  test('the entry and its path', () => {
    expect(find('extent offset unaligned')).toEqual([
      {
        code: 'ext-offset',
        severity: 'error',
        entry: TYPICAL.file,
        path: 'one-unit',
        detail:
          'extent 0: device 0, offset 104861696, length 2097152: the offset must be a positive multiple of 2097152',
      },
    ]);
  });

  test('a path that cannot be printed, in a form that can', () => {
    expect(find('file path bad\xff\xfe')[0]).toMatchObject({ entry: TYPICAL.last, path: 'bad\\xff\\xfe' });
  });

  test('no path for an entry that cannot be trusted', () => {
    expect(find('sum of the last entry')).toEqual([
      {
        code: 'entry-crc',
        severity: 'error',
        entry: TYPICAL.last,
        detail: 'the stored sum is not that of the entry',
      },
    ]);
  });

  test('values beyond 2^53 exactly', () => {
    expect(find('extent length 2^60')[0]?.detail).toContain('length 1152921504606846976:');
    expect(find('2^64 - 1 entries')[0]?.detail).toContain('18446744073709551615 entries are counted');
    expect(find('file size 2^64 - 1')[0]?.detail).toContain('size is 18446744073709551615,');
  });
});
