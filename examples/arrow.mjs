#!/usr/bin/env node
/**
 * An Apache Arrow table in famfs, opened without a copy.
 *
 *   node examples/arrow.mjs MOUNT
 *
 * MOUNT is a directory of a mounted famfs on its owner host. Needs `famfs` on the PATH, and the packages `famfs` and
 * `apache-arrow`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { openDevice } from 'famfs';

const ROWS = 1_000_000;

/** Copies a table of two columns into the mount. Returns its path from the root of the file system. */
function putTable(mount) {
  const directory = mkdtempSync(join(tmpdir(), 'table-'));
  try {
    const table = tableFromArrays({
      id: Int32Array.from({ length: ROWS }, (_, row) => row),
      square: Float64Array.from({ length: ROWS }, (_, row) => row * row),
    });
    const name = `${basename(directory)}.arrow`;
    writeFileSync(join(directory, name), tableToIPC(table, 'file'));
    execFileSync('famfs', ['cp', '--quiet', join(directory, name), mount], { stdio: 'inherit' });
    return name;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const [mount] = process.argv.slice(2);
if (mount === undefined) throw new Error('usage: arrow.mjs MOUNT');
const name = putTable(mount);

const famfs = openDevice(mount);
const mapping = famfs.map(name);
const table = tableFromIPC(mapping.buffer);
console.log(`${table.numRows} rows of ${table.schema.names.join(', ')}`);
console.log(`square of 1234: ${table.getChild('square')?.get(1234)}`);
for (const column of table.schema.names) {
  const data = table.getChild(column)?.data ?? [];
  const inPlace = data.every(({ values }) => values.buffer === mapping.buffer.buffer);
  console.log(`${column}: ${inPlace ? 'in the shared memory' : 'copied'}`);
}
mapping.close();
famfs.close();
