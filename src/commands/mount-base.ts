import { Args, Flags, type Interfaces } from '@oclif/core';
import type { MountOptions, MountPlace, MountResult } from '../operations/mount';
import { LOG_LEVELS, MOST_POLL_SECONDS } from '../types';
import { filesAndDirectories } from '../ui/counts';
import { BaseCommand, defined, deviceFlag, syncFlag } from './base';
import { daxModeFlag } from './dax-mode-flag';
import { OPTIONS_HELP, parseMountOptions } from './mount-options';

export const mountArgs = {
  device: Args.string({ required: true, description: 'devdax device, or a file that stands for one' }),
  directory: Args.string({ required: true, description: 'existing directory to mount on' }),
};

export const mountFlags = {
  options: Flags.string({
    char: 'o',
    multiple: true,
    multipleNonGreedy: true,
    description: `mount options, comma-separated: ${OPTIONS_HELP}`,
    helpValue: 'OPTIONS',
  }),
  ...deviceFlag,
  degraded: Flags.boolean({
    description: 'mount without secondary devices that cannot be used: their files answer EIO',
  }),
  'log-level': Flags.option({ options: LOG_LEVELS, description: "what the server's log tells" })({
    default: 'info',
  }),
  'log-file': Flags.string({
    description: "the server's log (default /var/log/famfs/DIRECTORY.log)",
    helpValue: 'FILE',
  }),
  workers: Flags.integer({
    description: 'processes that serve (default: one for each core, up to 4)',
    min: 1,
    max: 16,
  }),
  poll: Flags.integer({
    description: 'seconds between two looks at the log; 0 for none',
    default: 1,
    min: 0,
    max: MOST_POLL_SECONDS,
  }),
  ...daxModeFlag,
  ...syncFlag,
};

/** What `famfs mount` and the helper of mount(8) share. */
export abstract class MountBase extends BaseCommand {
  /** What flags ask for; `-o` has the last word. */
  protected optionsOf(flags: Interfaces.InferredFlags<typeof mountFlags>, sloppy = false): MountOptions {
    const {
      degraded,
      device: devices = [],
      'log-file': logFile,
      'log-level': logLevel,
      'no-sync': noSync,
      options = [],
      poll: pollSeconds,
      'set-daxmode': setDaxMode,
      workers,
    } = flags;
    const parsed = parseMountOptions(options, sloppy);
    return {
      ...defined({ degraded, logFile, logLevel, noSync, pollSeconds, setDaxMode, workers }),
      ...parsed,
      devices: [...devices, ...(parsed.devices ?? [])],
    };
  }

  protected async mount(
    { device, directory }: { device: string; directory: string },
    options: MountOptions,
    verbose: boolean,
  ): Promise<MountResult | MountPlace> {
    const { mount } = await import('../operations/mount');
    return mount(device, directory, { ...options, onModeChange: this.tellWarning }, (result) => {
      const { directories, files, notServed, role } = result;
      const contents = filesAndDirectories(files, directories);
      if (verbose) this.say(`${result.device} is mounted on ${result.directory} (${role}): ${contents}`);
      for (const { detail } of result.absent ?? []) void this.warnLine(`${detail}: its files answer EIO`);
      if (notServed > 0) {
        void this.warnLine(
          `${notServed} log entries are damaged and not served; famfs fsck ${result.directory} tells more`,
        );
      }
    });
  }
}
