import { errnoOf } from '../errors';
import { BaseCommand, sizeFlag } from './base';
import { pathArg, targetArg } from './look';

const STDOUT_FD = 1;

export default class Cat extends BaseCommand {
  static override summary = 'Write the bytes of a file to standard output, mounted or not.';
  static override description =
    'A device need not be mounted. A file that is given by its mount is read through the mount, whose caches may be ahead of the device.';
  static override examples = [
    '<%= config.bin %> cat /dev/dax0.0 data.parquet',
    '<%= config.bin %> cat --offset 2 --length 5 /mnt/famfs/data.parquet',
  ];
  /** Standard output is the file's. */
  static override enableJsonFlag = false;
  static override args = { target: targetArg, path: pathArg };
  static override flags = {
    offset: sizeFlag({ description: 'bytes to leave out at the beginning', default: 0 }),
    length: sizeFlag({ description: 'bytes to write at most' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cat);
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
