import { randomFillSync } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ContiguousMap } from '../../src/device/contiguous';
import { openDevice } from '../../src/device/open';
import { RANDOM_BLOCK_BYTES, RandomContents } from '../../src/operations/random-contents';
import { firstDifference } from '../../src/operations/same-contents';
import { inScratch } from '../place';
import type { Section } from '../section';
import { figure, Rounds, timed } from '../stats';

const CHUNK_BYTES = 2 * 2 ** 20;
const STRIPS = 4;
const PEER = 'mmap of a plain file';

interface Run {
  readonly offset: number;
  readonly length: number;
}

/** Chunks in turn from strips that lie apart, as an interleaved file has them. */
function stripedRuns(bytes: number): Run[] {
  return Array.from({ length: bytes / CHUNK_BYTES }, (_, chunk) => {
    const strip = (chunk % STRIPS) * (bytes / STRIPS);
    return { offset: strip + Math.floor(chunk / STRIPS) * CHUNK_BYTES, length: CHUNK_BYTES };
  });
}

function sum(buffer: Buffer): number {
  const words = new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);
  let total = 0;
  for (let i = 0; i < words.length; i++) total = (total + (words[i] as number)) | 0;
  return total;
}

function makeFile(path: string, bytes: number): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, bytes);
  const noise = randomFillSync(Buffer.alloc(CHUNK_BYTES));
  for (let at = 0; at < bytes; at += CHUNK_BYTES) writeSync(fd, noise, 0, CHUNK_BYTES, at);
  closeSync(fd);
}

/** Maps a file in both shapes, in turns, and adds up its words twice. The mapping of one run is that of a plain file. */
function mapInTurns(path: string, bytes: number, count: number): Rounds {
  const device = openDevice(path, { writable: false });
  const shapes = { plain: [{ offset: 0, length: bytes }], striped: stripedRuns(bytes) };
  const rounds = new Rounds();
  for (let round = 0; round <= count; round++) {
    for (const [shape, runs] of Object.entries(shapes)) {
      const opened: ContiguousMap[] = [];
      const places = runs.map((run) => ({ device, ...run }));
      const mapMs = timed(() => opened.push(new ContiguousMap(places, bytes)));
      const buffer = opened[0]?.buffers[0] ?? Buffer.alloc(0);
      const took = { map: mapMs, first: timed(() => sum(buffer)), again: timed(() => sum(buffer)) };
      opened[0]?.close();
      // The first round has the code compiled, and is left out.
      if (round > 0) for (const [what, ms] of Object.entries(took)) rounds.note(`${shape}-${what}`, ms);
    }
  }
  device.close();
  return rounds;
}

/** GB/s of contents from a seed: made, and made and compared. */
function contents(blocks: number, count: number): Rounds {
  const rounds = new Rounds();
  const rate = (work: () => void) =>
    (blocks * RANDOM_BLOCK_BYTES) /
    1e6 /
    timed(() => {
      for (let i = 0; i < blocks; i++) work();
    });
  for (let round = 0; round < count; round++) {
    const made = new RandomContents(42);
    rounds.note(
      'random',
      rate(() => made.next(RANDOM_BLOCK_BYTES)),
    );
    const expected = new RandomContents(42);
    const kept = Buffer.from(expected.next(RANDOM_BLOCK_BYTES));
    rounds.note(
      'check',
      rate(() => firstDifference(expected.next(RANDOM_BLOCK_BYTES), kept)),
    );
  }
  return rounds;
}

/** What programs that use the library get, and the contents that verbs make and check. */
export const library: Section = {
  name: 'library',
  title: 'Files in memory of a program',
  about:
    'A file that is striped in chunks of 2 MiB, mapped by the library so that it is contiguous, beside one mmap(2) of a plain ' +
    'file of the same size, both in the page cache: the sum of all its words from JavaScript. Then contents from a seed, ' +
    'on one core.',
  measure: ({ quick }) =>
    inScratch((scratch) => {
      const bytes = (quick ? 16 : 256) * 2 ** 20;
      const path = join(scratch, 'file');
      makeFile(path, bytes);
      const maps = mapInTurns(path, bytes, quick ? 2 : 9);
      const made = contents(quick ? 64 : 2048, quick ? 2 : 5);
      const of = (what: string, title: string) =>
        figure({
          id: `library-${what}`,
          title,
          unit: 'ms',
          ours: maps.of(`striped-${what}`),
          peer: { name: PEER, values: maps.of(`plain-${what}`) },
        });
      return {
        figures: [
          of('map', `map ${bytes / CHUNK_BYTES} chunks`),
          of('first', 'add it up the first time'),
          of('again', 'add it up again'),
          figure({
            id: 'contents-random',
            title: 'contents from a seed',
            unit: 'GB/s',
            ours: made.of('random'),
          }),
          figure({
            id: 'contents-check',
            title: 'the same, and compared',
            unit: 'GB/s',
            ours: made.of('check'),
          }),
        ],
      };
    }),
};
