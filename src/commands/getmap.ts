import { Args } from '@oclif/core';
import type { MappedPath } from '../operations/getmap';
import { BaseCommand } from './base';
import { noEffect } from './reference-flags';

const STATUS = { mapped: 0, 'not-famfs': 1, 'not-mapped': 2 } as const;

export default class Getmap extends BaseCommand {
  static override summary = 'Tell where on the device the bytes of files in mounts are.';
  static override description =
    'Exit status: 0 for files of a famfs, 1 for what is in none, 2 for what is in one and has no map, such as a directory; of several paths the highest. With --quiet nothing is said.';
  static override examples = [
    '<%= config.bin %> getmap /mnt/famfs/data.parquet',
    '<%= config.bin %> getmap -q /mnt/famfs/data.parquet',
  ];
  static override strict = false;
  static override args = { file: Args.string({ required: true, description: 'file; several may be given' }) };
  static override flags = { continue: noEffect('all files are looked at', 'c') };

  async run(): Promise<{ files: MappedPath[] }> {
    const { argv } = await this.parse(Getmap);
    const [{ getmap }, { mapLines }] = await Promise.all([
      import('../operations/getmap'),
      import('../ui/list-text'),
    ]);
    const files: MappedPath[] = [];
    let status = 0;
    for (const found of getmap(argv as string[])) {
      if (this.jsonEnabled()) files.push(found);
      status = Math.max(status, STATUS[found.state]);
      if (found.state === 'mapped')
        this.say([`${found.path}: ${found.size} bytes`, ...mapLines(found.map)].join('\n'));
      else if (!this.quiet) await this.warnLine(`${found.path}: ${found.reason}`);
    }
    process.exitCode = status;
    return { files };
  }
}
