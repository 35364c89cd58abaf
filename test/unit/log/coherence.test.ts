import { appendEntries } from '../../../src/log/append';
import { inspectHeader } from '../../../src/log/header';
import { entryOffset, LOG_ENTRY } from '../../../src/log/layout';
import { Replay } from '../../../src/log/replay';
import { loadSuperblock } from '../../../src/log/superblock';
import { INO, KIND } from '../../../src/log/tree';
import { Host, type Omission, PowerLoss, type SharedMemory } from '../../support/coherence';
import { FILE_BYTES, fileAt, formatted, LOG_LENGTH, placeOf, storeFile } from '../../support/coherence-files';
import { seeded } from '../../support/random';

const FILES = 5;
const SCHEDULES = 5000;

const contentsOf = (index: number) => Buffer.alloc(FILE_BYTES, index + 1);

/** What the owner does for a file, in the order of OwnerSession. */
function appendFile(owner: Host, index: number): void {
  storeFile(owner, index, contentsOf(index));
  appendEntries(owner, LOG_LENGTH, { nextIndex: index, nextSeqnum: index }, [fileAt(index, `file-${index}`)]);
}

const begin = (host: Host) => new Replay(host, loadSuperblock(host), () => {});

/** What is wrong with what a reader sees: a file that is not what it was made as, or less than `atLeast` files. */
function faultOf(reader: Host, replay: Replay, atLeast: number): string | undefined {
  const derailment = replay.catchUp();
  if (derailment) return `the log derailed: ${derailment}`;
  if (replay.counts.entries < atLeast) return `${replay.counts.entries} of ${atLeast} files are seen`;
  for (let index = 0; index < replay.counts.entries; index++) {
    if (replay.tree.kind.get(INO.first + index) !== KIND.file) return `entry ${index} is no file`;
    if (!reader.read(placeOf(index).offset, FILE_BYTES).equals(contentsOf(index)))
      return `file ${index} has other bytes`;
  }
  return undefined;
}

/** What is wrong with what a host finds that comes up after the owner lost its power. */
function faultAfterCrash(memory: SharedMemory, atLeast: number): string | undefined {
  const host = new Host(memory, () => 1);
  const { counters, findings } = inspectHeader(host, LOG_LENGTH);
  if (findings.length > 0) return `the header is bad: ${findings[0]?.code}`;
  const replay = begin(host);
  const fault = faultOf(host, replay, atLeast);
  if (fault || replay.counts.entries < counters.nextIndex)
    return fault ?? 'an entry that is counted is not sound';
  // The next append goes over an entry behind the end; but one that is whole must not promise what is not there.
  const beyond = host.read(entryOffset(counters.nextIndex), LOG_ENTRY.bytes);
  const whole = !LOG_ENTRY.fields.crc.verify(beyond, 0);
  const data = host.read(placeOf(counters.nextIndex).offset, FILE_BYTES);
  return whole && !data.equals(contentsOf(counters.nextIndex)) ? 'an entry came before its data' : undefined;
}

interface Forgetful {
  readonly owner?: Omission;
  readonly reader?: Omission;
}

/** An owner that makes files, and a reader that looks now and then, by one schedule. The first fault seen, if any. */
function run(seed: number, { owner: ofOwner, reader: ofReader }: Forgetful): string | undefined {
  const random = seeded(seed);
  const memory = formatted();
  const owner = new Host(memory, random);
  const reader = new Host(memory, random);
  const replay = begin(reader);
  owner.omit = ofOwner;
  if (random() < 0.5) owner.power = Math.floor(random() * 150);
  for (let index = 0; index < FILES; index++) {
    owner.resetCalls();
    try {
      appendFile(owner, index);
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error;
      owner.crash();
      return faultAfterCrash(memory, index);
    }
    if (random() < 0.3) continue;
    reader.resetCalls();
    reader.omit = ofReader;
    const fault = faultOf(reader, replay, index + 1);
    if (fault) return fault;
  }
  return undefined;
}

/** The first fault in many schedules. */
function search(forgetful: Forgetful): { seed: number; fault: string } | undefined {
  for (let seed = 0; seed < SCHEDULES; seed++) {
    const fault = run(seed, forgetful);
    if (fault) return { seed, fault };
  }
  return undefined;
}

function report(omitted: string, found: ReturnType<typeof search>): void {
  expect(found).toBeDefined();
  console.info(`without ${omitted}: schedule ${found?.seed}: ${found?.fault}`);
}

describe('hosts whose caches know nothing of each other', () => {
  test(`see no wrong file in ${SCHEDULES} schedules`, () => {
    expect(search({})).toBeUndefined();
  });

  const ofOwner: [string, Omission][] = [
    ['the flush of data', { call: 'flush', nth: 0 }],
    ['the fence between data and entry', { call: 'fence', nth: 0 }],
    ['the flush of the entry', { call: 'flush', nth: 1 }],
    ['the fence between entry and counters', { call: 'fence', nth: 1 }],
    ['the flush of the counters', { call: 'flush', nth: 2 }],
    ['the fence behind the counters', { call: 'fence', nth: 2 }],
  ];
  test.each(ofOwner)('would, without %s', (name, owner) => {
    report(name, search({ owner }));
  });

  const ofReader: [string, Omission][] = [
    ['dropping the line of the counters before a look', { call: 'invalidate', nth: 0 }],
    ['dropping the lines of entries before they are read', { call: 'invalidate', nth: 2, andAfter: true }],
  ];
  test.each(ofReader)('would, without %s', (name, reader) => {
    report(name, search({ reader }));
  });

  test('see no wrong file where lines of entries are stale in spite of being dropped once', () => {
    expect(search({ reader: { call: 'invalidate', nth: 2 } })).toBeUndefined();
  });
});
