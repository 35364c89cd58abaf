import { execFileSync } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';
import { bufferAt, mapShared, unmap } from '../../src/native/libc';

/** Bytes that a processor writes back as one. */
export const LINE = 64;

/** A device file that crashes are made on: it is brought into each state, beside a copy of what it was at the beginning. */
export class CrashImage {
  /** The device in its state, mapped: a change is seen by whoever reads the file. */
  readonly now: Buffer;
  /** The device as it was. */
  readonly base: Buffer;

  /** Of the file at `path`, and `path`.base as keepBase() makes it. The file becomes its base. */
  constructor(readonly path: string) {
    copySparse(`${path}.base`, path);
    this.now = mapped(path, true);
    this.base = mapped(`${path}.base`, false);
  }

  close(): void {
    for (const buffer of [this.now, this.base]) unmap(addresses.get(buffer) ?? 0, buffer.length);
  }
}

/** Keeps a copy of a device as it is now. */
export function keepBase(path: string): void {
  copySparse(path, `${path}.base`);
}

const addresses = new Map<Buffer, number>();

function mapped(path: string, writable: boolean): Buffer {
  const fd = openSync(path, writable ? 'r+' : 'r');
  try {
    const { size } = statSync(path);
    const address = mapShared(fd, 0, size, writable);
    const buffer = bufferAt(address, size);
    addresses.set(buffer, address);
    return buffer;
  } finally {
    closeSync(fd);
  }
}

function copySparse(from: string, to: string): void {
  execFileSync('cp', ['--sparse=always', '--', from, to]);
}
