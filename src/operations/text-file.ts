import { writeFully } from './pieces';
import { asWriteFailure, writeWhole } from './write-whole';

const MODE = 0o666;

/** Writes a text file, or replaces one. Throws FamfsError `source` when it cannot be written. */
export async function writeTextFile(path: string, text: string): Promise<void> {
  try {
    const mode = MODE & ~process.umask();
    await writeWhole(Buffer.from(path), { mode, replace: true }, (fd) => writeFully(fd, Buffer.from(text)));
  } catch (error) {
    throw asWriteFailure(path, error);
  }
}
