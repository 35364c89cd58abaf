import { join } from 'node:path';
import { cli, inScratch, mounted, run } from '../place';
import type { Section } from '../section';
import { figure, Rounds } from '../stats';

const NODE = 'node -e 0';

/** The time that the command line takes beside a Node.js that does nothing. */
export const startup: Section = {
  name: 'startup',
  title: 'Start-up',
  about:
    'Processes of the command line beside `node -e 0`, the least that a program of Node.js takes. The file system is empty, ' +
    'on a sparse file of 4 GiB, with a log of 8 MiB.',
  measure: ({ quick }) =>
    inScratch(async (scratch) => {
      const [image, device] = [join(scratch, 'image'), join(scratch, 'device')];
      for (const path of [image, device]) cli('mkfs', '--no-sync', '--create', '4g', path);
      const rounds = new Rounds();
      await mounted(device, join(scratch, 'mnt'), (mount) =>
        rounds.interleave(quick ? 3 : 25, {
          node: () => run(process.execPath, '-e', '0'),
          version: () => cli('--version'),
          help: () => cli('--help'),
          fsck: () => cli('fsck', image),
          mkdir: (round) => cli('mkdir', '--no-sync', join(mount, `d${round}`)),
        }),
      );
      const peer = { name: NODE, values: rounds.of('node') };
      const of = (name: string, title: string) =>
        figure({ id: `startup-${name}`, title, unit: 'ms', ours: rounds.of(name), peer });
      return {
        figures: [
          of('version', '`famfs --version`'),
          of('help', '`famfs --help`'),
          of('fsck', '`famfs fsck` of an empty file system'),
          of('mkdir', '`famfs mkdir` in a mount'),
        ],
      };
    }),
};
