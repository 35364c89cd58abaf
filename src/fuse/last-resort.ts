import { read, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../errors';
import { EIO } from './errno';
import { OP, OUT_HEADER_BYTES, REQUEST_BYTES, readHeader, writeOutHeader } from './protocol';

const readAsync = promisify(read);
const NO_REPLY: ReadonlySet<number> = new Set([OP.FORGET, OP.BATCH_FORGET, OP.INTERRUPT]);

/** Answers every request on a descriptor with EIO until the file system is unmounted. */
export async function answerAllWithEio(fuseFd: number): Promise<void> {
  const request = Buffer.alloc(REQUEST_BYTES);
  const reply = Buffer.alloc(OUT_HEADER_BYTES);
  for (;;) {
    try {
      await readAsync(fuseFd, request, 0, request.length, null);
      const { opcode, unique } = readHeader(request);
      if (NO_REPLY.has(opcode)) continue;
      writeOutHeader(reply, reply.length, EIO, unique);
      writeSync(fuseFd, reply);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENODEV') return;
      if (code !== 'ENOENT' && code !== 'EINTR' && code !== 'EAGAIN') throw error;
    }
  }
}
