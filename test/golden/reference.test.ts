import { appendEntries } from '../../src/log/append';
import { decodeEntry, encodeEntry, type LogEntry } from '../../src/log/entry';
import { decode } from '../../src/log/fields';
import type { Finding } from '../../src/log/findings';
import { encodeHeader, inspectHeader } from '../../src/log/header';
import { entryOffset, LOG_ENTRY, LOG_HEADER, LOG_OFFSET, SUPERBLOCK } from '../../src/log/layout';
import { Replay } from '../../src/log/replay';
import { encodeSuperblock, inspectSuperblock, loadSuperblock } from '../../src/log/superblock';
import { INO, KIND } from '../../src/log/tree';
import { MemoryStore } from '../support/images-store';
import { deviceOf, type EntryDescription, FIXTURE_NAMES, type FileDescription, loadFixture } from './fixture';

function expectedMap(entry: FileDescription): object {
  const extents = (entry.strips ?? entry.extents ?? []).map(({ devindex, offset, len }) => ({
    devindex,
    offset,
    length: len,
  }));
  if (entry.ext_type === 0) {
    expect(extents).toHaveLength(entry.nextents);
    return { kind: 'simple', extents };
  }
  expect([entry.nextents, extents.length]).toEqual([1, entry.nstrips]);
  return { kind: 'interleaved', chunkSize: entry.chunk_size, strips: extents };
}

function expectedEntry(entry: EntryDescription): object {
  if (entry.kind === 'ADD_DAXDEV') {
    return { type: 'add-daxdev', size: entry.dd_size, deviceUuid: entry.dd_uuid, index: entry.dd_index };
  }
  const { uid, gid } = entry;
  const owned = { path: Buffer.from(entry.path), uid, gid, mode: Number(entry.mode) };
  if (entry.kind === 'MKDIR') return { type: 'mkdir', ...owned };
  return { type: 'file', ...owned, size: entry.size, flags: entry.flags, map: expectedMap(entry) };
}

test('there are fixtures', () => {
  expect(FIXTURE_NAMES).toEqual(
    expect.arrayContaining(['good_simple_files', 'good_interleaved', 'good_add_daxdev', 'good_two_extents']),
  );
});

describe.each(FIXTURE_NAMES)('%s, made by the reference', (name) => {
  const fixture = loadFixture(name);
  const { description, image } = fixture;
  const { superblock: sb, log_header: header, entries, device_size: deviceSize } = description;

  const decodedEntries = (): LogEntry[] => entries.map((_, i) => decodeEntry(image, entryOffset(i)));

  test('superblock: every field', () => {
    expect(decode(SUPERBLOCK, image)).toEqual({
      magic: Number(sb.magic),
      version: sb.version,
      logOffset: sb.log_offset,
      logLength: sb.log_len,
      allocUnit: sb.alloc_unit,
      omfMajor: sb.omf_major,
      omfMinor: sb.omf_minor,
      uuid: sb.uuid,
      deviceUuid: sb.dev_uuid,
      ownerUuid: sb.system_uuid,
      crc: Number(sb.crc),
      flags: sb.sb_flags,
      primarySize: sb.dd_size,
      primaryUuid: sb.dd_uuid,
      primaryName: Buffer.from(sb.dd_daxdev),
    });
    expect(sb.system_uuid).toBe(description.master_system_uuid);
    expect(inspectSuperblock(image.subarray(0, SUPERBLOCK.bytes), deviceSize).findings).toEqual([]);
  });

  test('log header: every field', () => {
    expect(decode(LOG_HEADER, image, LOG_OFFSET)).toEqual({
      magic: Number(header.magic),
      length: header.len,
      lastIndex: header.last_index,
      crc: Number(header.crc),
      nextSeqnum: header.next_seqnum,
      nextIndex: header.next_index,
    });
    expect(inspectHeader(deviceOf(fixture), sb.log_len)).toEqual({
      counters: { nextSeqnum: header.next_seqnum, nextIndex: header.next_index },
      findings: [],
    });
  });

  test('entries: every field', () => {
    expect(entries).toHaveLength(description.n_entries_decoded);
    expect(decodedEntries()).toEqual(entries.map(expectedEntry));
    entries.forEach((entry, i) => {
      const head = decode(LOG_ENTRY, image, entryOffset(i));
      expect(head).toMatchObject({ seqnum: entry.seqnum, type: entry.type, crc: Number(entry.crc) });
      expect(entry.index).toBe(i);
    });
  });

  test('written again it is the same, byte for byte', () => {
    const again = Buffer.alloc(image.length);
    const { superblock } = inspectSuperblock(image.subarray(0, SUPERBLOCK.bytes), deviceSize);
    encodeSuperblock(superblock).copy(again);
    const counters = { nextSeqnum: header.next_seqnum, nextIndex: header.next_index };
    encodeHeader(superblock.logLength, counters).copy(again, LOG_OFFSET);
    decodedEntries().forEach((entry, i) => {
      encodeEntry(entry, i, again, entryOffset(i));
    });
    expect(again.equals(image)).toBe(true);
  });

  test('appended to an empty log its entries make the same image', () => {
    const store = new MemoryStore(deviceSize);
    store.store(0, image.subarray(0, SUPERBLOCK.bytes));
    store.store(LOG_OFFSET, encodeHeader(sb.log_len));
    appendEntries(store, sb.log_len, { nextSeqnum: 0, nextIndex: 0 }, decodedEntries());
    expect(store.read(0, image.length).equals(image)).toBe(true);
  });

  test('its replay finds nothing wrong and gives the tree that is described', () => {
    const store = deviceOf(fixture);
    const findings: Finding[] = [];
    const replay = new Replay(store, loadSuperblock(store), (found) => findings.push(found));
    replay.to(header.next_index);
    expect(findings).toEqual([]);
    const { tree } = replay;
    const shown = description.tree ?? [];
    expect(tree.fileCount).toBe(shown.filter(({ type }) => type === 'file').length);
    expect(tree.directoryCount).toBe(shown.filter(({ type }) => type === 'dir').length);
    for (const { path, type } of shown) {
      const kind = tree.kind.get(tree.resolve(Buffer.from(path)));
      expect({ path, kind }).toEqual({ path, kind: type === 'dir' ? KIND.directory : KIND.file });
    }
    entries.forEach((entry, i) => {
      if (entry.kind === 'ADD_DAXDEV') return;
      const ino = tree.resolve(Buffer.from(entry.path));
      expect(ino).toBe(INO.first + i);
      const owner = [tree.mode.get(ino), tree.uid.get(ino), tree.gid.get(ino)];
      expect(owner).toEqual([Number(entry.mode), entry.uid, entry.gid]);
      if (entry.kind === 'MKDIR') return;
      expect(tree.size.get(ino)).toBe(entry.size);
      expect(tree.map(ino)).toEqual(expectedMap(entry));
    });
    const added = entries.flatMap((entry) => (entry.kind === 'ADD_DAXDEV' ? [entry] : []));
    expect(replay.devices).toEqual([
      { uuid: sb.dev_uuid, size: deviceSize },
      ...added.map((entry) => ({ uuid: entry.dd_uuid, size: entry.dd_size })),
    ]);
  });
});
