import { read, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../errors';
import { EIO } from './errno';
import { OUT_HEADER_BYTES, REQUEST_BYTES, readHeader, wantsReply, writeOutHeader } from './protocol';

const readAsync = promisify(read);

/** Answers every request on a descriptor with EIO until the file system is unmounted. */
export async function answerAllWithEio(fuseFd: number): Promise<void> {
  const request = Buffer.alloc(REQUEST_BYTES);
  const reply = Buffer.alloc(OUT_HEADER_BYTES);
  for (;;) {
    try {
      await readAsync(fuseFd, request, 0, request.length, null);
      const header = readHeader(request);
      if (!wantsReply(header)) continue;
      writeOutHeader(reply, reply.length, EIO, header.unique);
      writeSync(fuseFd, reply);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENODEV') return;
      if (code !== 'ENOENT' && code !== 'EINTR' && code !== 'EAGAIN') throw error;
    }
  }
}
