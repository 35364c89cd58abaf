import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataRanges } from '../../../src/device/data-ranges';
import { MIB } from '../../../src/log/layout';

const SIZE = 16 * MIB;
const PIECE = 2 * MIB;
let directory: string;
let fd: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-ranges-'));
  fd = openSync(join(directory, 'file'), 'w+');
  ftruncateSync(fd, SIZE);
});

afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

/** All of the file in pieces, runs that meet put together: [position, length, hole]. */
function inPieces(order: readonly number[]): [number, number, boolean][] {
  const ranges = new DataRanges(fd, fstatSync(fd));
  const found = order.flatMap((at) => [...ranges.of(at, PIECE)]).sort((a, b) => a.position - b.position);
  const runs: [number, number, boolean][] = [];
  for (const { hole, length, position } of found) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === position && last[2] === hole) last[1] += length;
    else runs.push([position, length, hole]);
  }
  return runs;
}

const inOrder = Array.from({ length: SIZE / PIECE }, (_, i) => i * PIECE);

test.each([
  ['in order', inOrder],
  ['backwards', inOrder.toReversed()],
  ['out of order', [6, 1, 7, 0, 3, 2, 5, 4].map((i) => i * PIECE)],
])('data and holes are the same, asked %s', (_name, order) => {
  writeSync(fd, Buffer.alloc(3 * MIB, 1), 0, 3 * MIB, MIB);
  writeSync(fd, Buffer.alloc(5 * MIB, 1), 0, 5 * MIB, 9 * MIB);
  expect(inPieces(order)).toEqual([
    [0, MIB, true],
    [MIB, 3 * MIB, false],
    [4 * MIB, 5 * MIB, true],
    [9 * MIB, 5 * MIB, false],
    [14 * MIB, 2 * MIB, true],
  ]);
});

test('the end of a run of data is looked for once', () => {
  writeSync(fd, Buffer.alloc(SIZE - PIECE, 1));
  const ranges = new DataRanges(fd, fstatSync(fd));
  expect([...ranges.of(0, MIB)]).toEqual([{ position: 0, length: MIB, hole: false }]);
  ftruncateSync(fd, 0);
  ftruncateSync(fd, SIZE); // a hole now: whoever asks the kernel again is told so
  expect([...ranges.of(4 * MIB, MIB)]).toEqual([{ position: 4 * MIB, length: MIB, hole: false }]);
});

test('a file with blocks for all of its bytes is not asked for holes', () => {
  writeSync(fd, Buffer.alloc(SIZE, 1));
  const ranges = new DataRanges(fd, fstatSync(fd));
  ftruncateSync(fd, 0);
  ftruncateSync(fd, SIZE);
  expect([...ranges.of(MIB, SIZE - MIB)]).toEqual([{ position: MIB, length: SIZE - MIB, hole: false }]);
});

test('a small file has its holes', () => {
  ftruncateSync(fd, 200_000);
  writeSync(fd, Buffer.of(1), 0, 1, 131_072);
  const [first] = [...new DataRanges(fd, fstatSync(fd)).of(0, 200_000)];
  expect(first).toMatchObject({ position: 0, length: 131_072, hole: true });
});
