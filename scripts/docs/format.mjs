// The tables and dumps of FORMAT.md.
import { table } from './markdown.mjs';

/** The generated parts of FORMAT.md by the names of their markers. */
export function formatParts(code) {
  const { layout } = code;
  const bodyEnd = layout.LOG_ENTRY.fields.crc.offset;
  return {
    superblock: structureTable(code, layout.SUPERBLOCK, layout.SUPERBLOCK.bytes),
    'log-header': structureTable(code, layout.LOG_HEADER, layout.LOG_HEADER.bytes),
    'log-entry': structureTable(code, layout.LOG_ENTRY, layout.LOG_ENTRY.bytes),
    'file-body': structureTable(code, layout.FILE_BODY, bodyEnd),
    interleave: structureTable(code, layout.INTERLEAVE, bodyEnd),
    extent: structureTable(code, layout.EXTENT, layout.EXTENT.bytes),
    'mkdir-body': structureTable(code, layout.MKDIR_BODY, bodyEnd),
    'add-daxdev-body': structureTable(code, layout.ADD_DAXDEV_BODY, bodyEnd),
    backup: structureTable(code, layout.BACKUP_HEADER, layout.BACKUP_HEADER.bytes),
    capacity: capacityTable(code),
    examples: exampleDumps(code),
  };
}

/** A table of a structure's fields; what lies between them, and behind them up to `end`, is named as unused. */
function structureTable(code, { fields }, end) {
  const all = Object.entries(fields);
  const first = Math.min(...all.map(([, field]) => field.offset));
  const gaps = code
    .gapsBetween([...all.map(([, field]) => field), { offset: 0, length: first }], end)
    .map(({ start, end: past }) => ({
      offset: start,
      cells: [`${past - start} B`, '', 'unused', 'zero', ''],
    }));
  const rows = all.map(([name, { offset, rule, text, type }]) => ({
    offset,
    cells: [type, `\`${name}\``, text, ...(rule ? [rule.must, `\`${rule.code}\``] : ['', ''])],
  }));
  const sorted = [...rows, ...gaps].sort((a, b) => a.offset - b.offset);
  return table(
    ['Offset', 'Type', 'Field', 'Meaning', 'Must be', 'Finding'],
    sorted.map(({ offset, cells }) => [offset, ...cells]),
  );
}

function capacityTable({ layout }) {
  const rows = [8, 16, 32, 64, 128, 256, 512, 1024].map((mib) => {
    const length = mib * layout.MIB;
    const entries = layout.logCapacity(length);
    return [`${mib} MiB`, length, entries, entries - 1];
  });
  return table(['Log length', 'Bytes', 'Entries', 'Last valid index'], rows);
}

/** A superblock, a log header and an entry with made-up values, as hexdump -C shows them. */
function exampleDumps(code) {
  const { layout } = code;
  const logLength = layout.DEFAULT_LOG_LENGTH;
  const unit = layout.DEFAULT_ALLOC_UNIT;
  const superblock = code.encodeSuperblock({
    logLength,
    allocUnit: unit,
    uuid: '00112233-4455-4677-8899-aabbccddeeff',
    deviceUuid: '01234567-89ab-4def-8123-456789abcdef',
    ownerUuid: 'fedcba98-7654-4210-bedc-ba9876543210',
    flags: 0,
    primarySize: layout.MIN_DEVICE_SIZE,
    primaryName: '/dev/dax0.0',
  });
  const entries = [
    { type: 'mkdir', path: Buffer.from('data'), uid: 1000, gid: 1000, mode: 0o755 },
    {
      type: 'file',
      path: Buffer.from('data/a.bin'),
      size: 3_000_000,
      flags: layout.FILE_FLAGS_DEFAULT,
      uid: 1000,
      gid: 1000,
      mode: 0o644,
      map: {
        kind: 'simple',
        extents: [{ devindex: 0, offset: layout.LOG_OFFSET + logLength, length: 2 * unit }],
      },
    },
  ];
  const log = Buffer.alloc(layout.LOG_HEADER.bytes + entries.length * layout.LOG_ENTRY.bytes);
  code.encodeHeader(logLength, { nextSeqnum: entries.length, nextIndex: entries.length }).copy(log);
  entries.forEach((entry, i) => {
    code.encodeEntry(entry, i, log, layout.LOG_HEADER.bytes + i * layout.LOG_ENTRY.bytes);
  });
  return ['```text', ...hexDump(superblock, 0), '...', ...hexDump(log, layout.LOG_OFFSET), '```'].join('\n');
}

function hexDump(bytes, address) {
  const lines = [];
  let previous = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const hex = row.toString('hex');
    if (hex === previous && at + 16 < bytes.length) {
      if (lines.at(-1) !== '*') lines.push('*');
      continue;
    }
    previous = hex;
    const words = [row.subarray(0, 8), row.subarray(8)].map((half) =>
      half.toString('hex').replace(/..(?=.)/g, '$& '),
    );
    const text = row.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
    lines.push(`${(address + at).toString(16).padStart(8, '0')}  ${words.join('  ').padEnd(48)}  |${text}|`);
  }
  return lines;
}
