import { Flags } from '@oclif/core';
import { errnoOf, FamfsError } from '../errors';
import { BaseCommand, sizeFlag } from './base';
import { pathArg, targetArg } from './look';

const STDOUT_FD = 1;

export default class Cat extends BaseCommand {
  static override summary = 'Write the bytes of a file to standard output, mounted or not.';
  static override description =
    'A device need not be mounted. A file that is given by its mount is read through the mount, whose caches may be ahead of the device. There is no --json: standard output is for the bytes alone, and standard error stays empty unless something is wrong.';
  static override examples = [
    '<%= config.bin %> cat /dev/dax0.0 data.parquet',
    '<%= config.bin %> cat --offset 2 --length 5 /mnt/famfs/data.parquet',
  ];
  static override args = { target: targetArg, path: pathArg };
  static override flags = {
    offset: sizeFlag({ description: 'bytes to leave out at the beginning', default: 0 }),
    length: sizeFlag({ description: 'bytes to write at most' }),
    json: Flags.boolean({ description: 'refused: standard output is for the bytes', hidden: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cat);
    if (flags.json) {
      throw new FamfsError(
        'usage',
        '--json: famfs cat writes the bytes of the file and nothing else',
        'famfs ls --json tells the size, famfs digest --json the checksum',
      );
    }
    const [{ piecesOf, writeFully }, { withView }] = await Promise.all([
      import('../operations/pieces'),
      import('../operations/view'),
    ]);
    await withView(args.target, { path: args.path }, async (view) => {
      const file = view.openFile(view.findFile());
      try {
        const end = Math.min(file.size, flags.offset + (flags.length ?? file.size));
        for (const piece of piecesOf(file, flags.offset, end)) {
          if (!(await this.#wrote(writeFully(STDOUT_FD, piece)))) return;
        }
      } finally {
        file.close();
      }
    });
  }

  /** False when standard output failed, which ends the program as it does for lines that are printed. */
  async #wrote(writing: Promise<void>): Promise<boolean> {
    try {
      await writing;
      return true;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      process.stdout.emit('error', error);
      return false;
    }
  }
}
