import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { MountStatus } from '../operations/status';
import { BaseCommand } from './base';

export default class Status extends BaseCommand {
  static override summary = 'Tell how mounts are and what they do.';
  static override description =
    'Asks the servers of mounts: what is wrong, what is served, and which requests came and how long they took. Without DIRECTORY, all mounts.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch /mnt/famfs',
    '<%= config.bin %> status --json /mnt/famfs',
  ];
  static override args = {
    directory: Args.string({ description: 'where one is mounted, or a path in it' }),
  };
  static override flags = {
    verbose: Flags.boolean({ char: 'v', description: 'name files that answer EIO, up to 100' }),
    watch: Flags.boolean({
      char: 'w',
      description: 'go on each second until Ctrl-C, with rates; with --json, one line each second',
    }),
  };

  async run(): Promise<{ mounts: MountStatus[] }> {
    const { args, flags } = await this.parse(Status);
    const { statusOf, statusOfAll } = await import('../operations/status');
    const { directory } = args;
    const read = async () => (directory === undefined ? statusOfAll() : [await statusOf(directory)]);
    if (flags.watch) return this.#watch(read, flags.verbose);
    const mounts = await read();
    if (!this.jsonEnabled()) await this.#print(mounts, flags.verbose);
    const silent = mounts.some(({ failure }) => failure?.code === 'no-server');
    if (silent) process.exitCode = new FamfsError('no-server', '').exitStatus();
    return { mounts };
  }

  async #print(mounts: readonly MountStatus[], verbose: boolean): Promise<void> {
    const [{ describeMounts }, { paint }] = await Promise.all([
      import('../ui/status-text'),
      import('../ui/colour'),
    ]);
    this.say(describeMounts(mounts, await paint(process.stdout), { verbose }));
  }

  async #watch(read: () => Promise<MountStatus[]>, verbose: boolean): Promise<{ mounts: MountStatus[] }> {
    const { watchMounts } = await import('../ui/status-watch');
    const json = this.jsonEnabled();
    await this.interruptible((signal) => watchMounts(process.stdout, { read, signal, json, verbose }));
    this.endInterrupted();
  }
}
