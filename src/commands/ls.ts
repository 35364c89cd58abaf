import { Flags } from '@oclif/core';
import type { ListResult } from '../operations/list';
import type { View } from '../operations/view';
import { damagedEntries } from '../ui/counts';
import { BaseCommand } from './base';
import { humanFlag, pathArg, targetArg } from './look';

export default class Ls extends BaseCommand {
  static override summary = 'List files and directories, mounted or not.';
  static override description =
    `Reads the log of the device, which need not be mounted. Of a damaged log it lists what is sound. Names are sorted by their bytes; the file system's own .meta is listed only when it is named.
With -R, and in --json, paths are from the root of the file system.`;
  static override examples = [
    '<%= config.bin %> ls -l /mnt/famfs',
    '<%= config.bin %> ls -R --map /dev/dax0.0',
    '<%= config.bin %> ls -R --jsonl /dev/dax0.0',
  ];
  static override args = { target: targetArg, path: pathArg };
  static override flags = {
    long: Flags.boolean({ char: 'l', description: 'tell permissions, user, group and size' }),
    recursive: Flags.boolean({ char: 'R', description: 'list what is below directories too' }),
    map: Flags.boolean({ description: 'tell where on the device the bytes of files are; implies --long' }),
    'human-readable': humanFlag,
    jsonl: Flags.boolean({ description: 'print one JSON object a line for each entry', exclusive: ['json'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Ls);
    const [{ list }, { withView }] = await Promise.all([
      import('../operations/list'),
      import('../operations/view'),
    ]);
    return withView(args.target, { path: args.path }, async (view) => {
      const entries = list(view, { recursive: flags.recursive, maps: flags.map });
      const { device, notShown } = view;
      if (this.jsonEnabled()) {
        const { jsonDocument } = await import('../ui/json');
        await this.printLines(jsonDocument({ device: device.path, notShown }, 'entries', entries));
        return;
      }
      await this.#print(view, entries, flags);
      if (notShown > 0) {
        await this.warnLine(`${damagedEntries(notShown)} and not shown; famfs fsck tells more`);
      }
    });
  }

  async #print(view: View, entries: Iterable<ListResult['entries'][number]>, flags: LsFlags): Promise<void> {
    const { longLines } = await import('../ui/list-text');
    const base = flags.recursive || view.path.length === 0 ? 0 : 1;
    function* lines() {
      for (const entry of entries) {
        if (flags.jsonl) yield JSON.stringify(entry);
        else {
          const path = base === 0 ? entry.path : entry.path.slice(entry.path.lastIndexOf('/') + 1);
          if (flags.long || flags.map) yield* longLines({ ...entry, path }, flags['human-readable']);
          else yield path;
        }
      }
    }
    await this.printLines(lines());
  }
}

interface LsFlags {
  readonly long: boolean;
  readonly map: boolean;
  readonly recursive: boolean;
  readonly jsonl: boolean;
  readonly 'human-readable': boolean;
}
