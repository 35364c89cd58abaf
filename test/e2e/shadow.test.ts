import { closeSync, fsyncSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { bufferAt, mapShared, syncMapping, unmap } from '../../src/native/libc';
import { famfsOk } from '../support/run';
import { scratchAll } from '../support/run-scratch';

/**
 * Random reads, writes, syncs and reopens of a file, by system calls and through a shared mapping, each checked
 * against a copy in memory.
 */
const OPERATIONS = 25_000;
const OPERATIONS_A_RUN = 250;
const MOST_BYTES = 200_000;

type Operation =
  | {
      readonly kind: 'read' | 'write' | 'map-read' | 'map-write';
      readonly at: number;
      readonly length: number;
      readonly seed: number;
    }
  | { readonly kind: 'fsync' | 'msync' | 'reopen' };

interface Subject {
  readonly path: string;
  readonly size: number;
  readonly shadow: Buffer;
}

class OpenFile {
  readonly fd: number;
  readonly #address: number;
  readonly map: Buffer;

  constructor(private readonly subject: Subject) {
    this.fd = openSync(subject.path, 'r+');
    this.#address = mapShared(this.fd, 0, subject.size, true);
    this.map = bufferAt(this.#address, subject.size);
  }

  msync(): void {
    syncMapping(this.#address, this.subject.size);
  }

  close(): void {
    unmap(this.#address, this.subject.size);
    closeSync(this.fd);
  }
}

function operations(size: number, mapped: boolean): fc.Arbitrary<Operation[]> {
  const range = (kind: 'read' | 'write' | 'map-read' | 'map-write') =>
    fc
      .record({ at: fc.nat(size - 1), length: fc.integer({ min: 1, max: MOST_BYTES }), seed: fc.nat(255) })
      .map(({ at, length, seed }) => ({ kind, at, length: Math.min(length, size - at), seed }));
  const event = (kind: 'fsync' | 'msync' | 'reopen') => fc.constant<Operation>({ kind });
  const choices: { weight: number; arbitrary: fc.Arbitrary<Operation> }[] = [
    { weight: 10, arbitrary: range('read') },
    { weight: 10, arbitrary: range('write') },
    { weight: 1, arbitrary: event('fsync') },
    { weight: 1, arbitrary: event('reopen') },
  ];
  if (mapped) {
    choices.push({ weight: 10, arbitrary: range('map-read') }, { weight: 10, arbitrary: range('map-write') });
    choices.push({ weight: 1, arbitrary: event('msync') });
  }
  return fc.array(fc.oneof(...choices), { minLength: OPERATIONS_A_RUN, maxLength: OPERATIONS_A_RUN });
}

function bytesOf(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = (seed + i * 31 + (i >> 8)) & 0xff;
  return bytes;
}

/** Does one operation and checks what it read. Stores through the mapping go to the file before reads by system call. */
function apply(subject: Subject, file: OpenFile, operation: Operation): OpenFile {
  const { shadow } = subject;
  switch (operation.kind) {
    case 'read': {
      const { at, length } = operation;
      const got = Buffer.alloc(length);
      expect(readSync(file.fd, got, 0, length, at)).toBe(length);
      expect(got.equals(shadow.subarray(at, at + length))).toBe(true);
      return file;
    }
    case 'write': {
      const bytes = bytesOf(operation.length, operation.seed);
      expect(writeSync(file.fd, bytes, 0, bytes.length, operation.at)).toBe(bytes.length);
      bytes.copy(shadow, operation.at);
      return file;
    }
    case 'map-read': {
      const { at, length } = operation;
      expect(file.map.subarray(at, at + length).equals(shadow.subarray(at, at + length))).toBe(true);
      return file;
    }
    case 'map-write': {
      const bytes = bytesOf(operation.length, operation.seed);
      bytes.copy(file.map, operation.at);
      bytes.copy(shadow, operation.at);
      return file;
    }
    case 'fsync':
      fsyncSync(file.fd);
      return file;
    case 'msync':
      file.msync();
      return file;
    case 'reopen':
      file.close();
      return new OpenFile(subject);
  }
}

const scratch = scratchAll();

describe.each([
  { name: 'a simple file', size: 3 * 2 ** 20 + 777, stripe: [] },
  { name: 'an interleaved file', size: 13 * 2 ** 20 + 4099, stripe: ['-N', '3', '-B', '4', '-C', '2m'] },
])('$name keeps what is written to it', ({ size, stripe }) => {
  test.each([
    { how: 'by system calls', mapped: false },
    { how: 'by system calls and through a mapping', mapped: true },
  ])('$how', async ({ mapped }) => {
    const { mount } = await scratch.mountedDevice('16g');
    const path = `${mount}/subject`;
    await famfsOk(['creat', '--no-sync', '-s', String(size), ...stripe, path]);
    expect(statSync(path).size).toBe(size);
    const subject: Subject = { path, size, shadow: Buffer.alloc(size) };
    fc.assert(
      fc.property(operations(size, mapped), (sequence) => {
        let file = new OpenFile(subject);
        try {
          for (const operation of sequence) file = apply(subject, file, operation);
        } finally {
          file.close();
        }
      }),
      // What a run wrote stays for the next one, so a shorter sequence would not fail alike.
      { numRuns: OPERATIONS / OPERATIONS_A_RUN, endOnFailure: true },
    );
  });
});
