import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { pattern } from './helpers';

/** Names that programs like to get wrong, as bytes. */
const ODD_NAMES: readonly Buffer[] = [
  'with space',
  ' leading and trailing ',
  'new\nline',
  'tab\tand \\backslash',
  `quotes ' and "`,
  '-rf',
  '*?[a-z]',
  '$(echo no) `no` ;&|',
  'Größe',
  'Gro\u0308ße', // decomposed: another name than the one above
  '日本語.txt',
  '🐟',
  '.hidden',
  '...',
  '#',
  '%2f',
].map((name) => Buffer.from(name));
/** ISO 8859-1, and so no UTF-8. */
const LATIN_1_NAME = Buffer.from([0x6e, 0x61, 0xef, 0x66]);

const FILE_MODES = [0o644, 0o600, 0o755, 0o444, 0o400, 0o666, 0o4755, 0o2711, 0o640];
const DIRECTORY_MODES = [0o755, 0o700, 0o1777, 0o2775, 0o555, 0o750];
const SIZES = [0, 1, 17, 512, 4095, 4096, 4097, 10_000, 65_536, 100_001, 307_200];
const MIB = 2 ** 20;
const LARGE_SIZES = [2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 5 * MIB + 12_345, 9 * MIB];
const FILES_PER_DIRECTORY = 14;

export interface TreeSource {
  readonly files: number;
  /** The top directory included. */
  readonly directories: number;
}

/** Makes a directory tree of more than 2,000 files and directories, the same every time. */
export function makeTree(root: string): TreeSource {
  const counts = { files: 0, directories: 0 };
  const modes = new Map<Buffer, number>();
  const makeDirectory = (path: Buffer) => {
    mkdirSync(path);
    modes.set(path, DIRECTORY_MODES[counts.directories++ % DIRECTORY_MODES.length] as number);
    return path;
  };
  const makeFile = (path: Buffer, size: number) => {
    const seed = ++counts.files;
    const bytes = seed % 2 === 0 ? pattern(size, seed) : textOf(size, seed);
    writeFileSync(path, bytes);
    chmodSync(path, FILE_MODES[seed % FILE_MODES.length] as number);
  };
  const top = makeDirectory(Buffer.from(root));
  const directories = [top];
  for (const name of [...ODD_NAMES, LATIN_1_NAME]) {
    makeFile(below(top, 'file-', name), 1000 + name.length);
    directories.push(makeDirectory(below(top, name)));
  }
  for (let i = 0; i < 8; i++) {
    const outer = makeDirectory(below(top, `part ${i}`));
    directories.push(outer);
    for (let j = 0; j < 5; j++) {
      const middle = makeDirectory(below(outer, `2024-0${j}`));
      directories.push(middle);
      for (let k = 0; k < 2; k++) directories.push(makeDirectory(below(middle, `shard.${k}`)));
    }
  }
  let deep = top;
  for (let i = 0; i < 20; i++) {
    deep = makeDirectory(below(deep, 'n'));
    directories.push(deep);
  }
  for (const directory of directories) {
    for (let i = 0; i < FILES_PER_DIRECTORY; i++) {
      makeFile(below(directory, `${i}.bin`), SIZES[(counts.files * 7 + i) % SIZES.length] as number);
    }
  }
  makeDirectory(below(top, 'empty directory'));
  for (const size of LARGE_SIZES) makeFile(below(top, `large-${size}`), size);
  for (const [path, mode] of modes) chmodSync(path, mode);
  return counts;
}

function below(directory: Buffer, ...name: (string | Buffer)[]): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), ...name.map((part) => Buffer.from(part as string))]);
}

function textOf(length: number, seed: number): Buffer {
  const line = `line of file ${seed}: the quick brown fox jumps over the lazy dog\n`;
  return Buffer.from(line.repeat(Math.ceil(length / line.length))).subarray(0, length);
}
