import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { LogDump as Dump, DumpedEntry } from '../operations/log-dump';
import { BaseCommand, defined } from './base';

export default class LogDump extends BaseCommand {
  static override summary = 'Show the log: its header and every entry.';
  static override description =
    `Entries are judged as famfs fsck does. Damaged ones are shown as such, with what is wrong with them.
With --follow, goes on with entries as they are appended, until Ctrl-C.`;
  static override examples = [
    '<%= config.bin %> log dump /mnt/famfs',
    '<%= config.bin %> log dump --from 100 --to 199 /dev/dax0.0',
    '<%= config.bin %> log dump --jsonl /tmp/device.img',
  ];
  static override usage = 'log dump [FLAGS] TARGET';
  static override args = {
    target: Args.string({ required: true, description: 'device, or where it is mounted' }),
  };
  static override flags = {
    from: Flags.integer({ description: 'index of the first entry', helpValue: 'N', min: 0 }),
    to: Flags.integer({ description: 'index of the last entry', helpValue: 'N', min: 0 }),
    follow: Flags.boolean({
      char: 'f',
      description: 'wait for new entries and show them',
      exclusive: ['json'],
    }),
    jsonl: Flags.boolean({
      description: 'print a line of JSON for the header and one for each entry',
      exclusive: ['json'],
    }),
    raw: Flags.boolean({ description: 'show the bytes of damaged entries' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LogDump);
    const { from = 0, raw, to } = flags;
    if (to !== undefined && to < from) throw new FamfsError('usage', `--from ${from} is behind --to ${to}`);
    const { LogDump: Dump } = await import('../operations/log-dump');
    const dump = new Dump(args.target, { raw, ...defined({ from, to }) });
    try {
      if (this.jsonEnabled()) await this.#printDocument(dump);
      else await this.interruptible((signal) => this.#print(dump, flags.jsonl, flags.follow, signal));
    } finally {
      dump.close();
    }
  }

  async #printDocument(dump: Dump): Promise<void> {
    const { jsonDocument } = await import('../ui/json');
    await this.printLines(jsonDocument({ header: dump.header }, 'entries', dump.entries()));
  }

  async #print(dump: Dump, jsonl: boolean, follow: boolean, signal: AbortSignal): Promise<void> {
    const { header, lines } = jsonl ? jsonLines(dump) : await textLines(dump);
    const wanted = this.quiet ? (entry: DumpedEntry) => (entry.findings ? lines(entry) : []) : lines;
    if (!this.quiet) await this.printLines(header);
    await this.printLines(each(dump.entries(signal), wanted));
    if (follow) for await (const entries of dump.follow(signal)) await this.printLines(each(entries, wanted));
    if (signal.aborted) this.endInterrupted();
  }
}

interface Lines {
  readonly header: readonly string[];
  readonly lines: (entry: DumpedEntry) => readonly string[];
}

function jsonLines({ header }: Dump): Lines {
  return {
    header: [JSON.stringify({ header })],
    lines: (entry) => [JSON.stringify(entry)],
  };
}

async function textLines({ header }: Dump): Promise<Lines> {
  const [{ describeLogEntry, describeLogHeader }, { paint }] = await Promise.all([
    import('../ui/log-text'),
    import('../ui/colour'),
  ]);
  const painter = await paint(process.stdout);
  return {
    header: describeLogHeader(header, painter),
    lines: (entry) => describeLogEntry(entry, header.unitBytes, painter),
  };
}

function* each(entries: Iterable<DumpedEntry>, lines: Lines['lines']): Generator<string> {
  for (const entry of entries) yield* lines(entry);
}
