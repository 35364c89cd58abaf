import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cli, inScratch, run } from '../place';
import type { Section } from '../section';
import { figure, Rounds } from '../stats';

const GIB = 2 ** 30;
const DEVICE_BYTES = 4 * GIB;
const LOGS_MIB = [8, 256];

function sparse(path: string): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, DEVICE_BYTES);
  closeSync(fd);
}

/** Making file systems beside mkfs.ext4. */
export const mkfs: Section = {
  name: 'mkfs',
  title: 'Making a file system',
  about:
    '`famfs mkfs` beside `mkfs.ext4 -F`, each of a new sparse file of 4 GiB, and made durable. famfs stores zeros over the ' +
    'whole log.',
  measure: ({ quick }) =>
    inScratch((scratch) => {
      const path = join(scratch, 'device');
      const peer = 'mkfs.ext4 -F';
      const rounds = new Rounds();
      const works: Record<string, () => void> = {
        [peer]: () => run('mkfs.ext4', '-q', '-F', path),
      };
      for (const mib of LOGS_MIB) works[`${mib}`] = () => cli('mkfs', '--quiet', '--loglen', `${mib}m`, path);
      for (let round = 0; round < (quick ? 2 : 9); round++) {
        for (const [name, work] of Object.entries(works)) {
          rmSync(path, { force: true });
          sparse(path);
          rounds.interleave(1, { [name]: work });
        }
      }
      return {
        figures: LOGS_MIB.map((mib) =>
          figure({
            id: `mkfs-${mib}`,
            title: `\`famfs mkfs\`, log of ${mib} MiB`,
            unit: 'ms',
            ours: rounds.of(`${mib}`),
            peer: { name: peer, values: rounds.of(peer) },
          }),
        ),
      };
    }),
};
