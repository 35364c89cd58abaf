import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { MountResult } from '../operations/mount';
import { CACHE_MODES, type CacheMode, LOG_LEVELS } from '../types';
import { BaseCommand, defined, syncFlag } from './base';

export default class Mount extends BaseCommand {
  static override summary = 'Mount a file system.';
  static override description =
    'Starts a FUSE server in the background and returns when the mount answers. Files added later show up by themselves.';
  static override examples = [
    '<%= config.bin %> mount /dev/dax0.0 /mnt/famfs',
    '<%= config.bin %> mount -o ro /tmp/device.img /mnt/famfs',
    '<%= config.bin %> mount --foreground --log-level debug /dev/dax0.0 /mnt/famfs',
  ];
  static override args = {
    device: Args.string({ required: true, description: 'devdax device, or a file that stands for one' }),
    directory: Args.string({ required: true, description: 'existing directory to mount on' }),
  };
  static override flags = {
    options: Flags.string({
      char: 'o',
      multiple: true,
      multipleNonGreedy: true,
      description: 'mount options, comma-separated: ro, rw, cache=none|open|always',
      helpValue: 'OPTIONS',
    }),
    foreground: Flags.boolean({ char: 'f', description: 'stay attached and log to standard error' }),
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
    }),
    ...syncFlag,
  };

  async run(): Promise<MountResult> {
    const { args, flags } = await this.parse(Mount);
    const { mount } = await import('../operations/mount');
    const {
      foreground,
      'log-file': logFile,
      'log-level': logLevel,
      'no-sync': noSync,
      poll: pollSeconds,
      workers,
    } = flags;
    const options = {
      ...defined({ foreground, logFile, logLevel, noSync, pollSeconds, workers }),
      ...mountOptions(flags.options ?? []),
    };
    return mount(args.device, args.directory, options, (result) => {
      const { device, directory, files, directories, role, notServed } = result;
      this.log(`${device} is mounted on ${directory} (${role}): ${files} files, ${directories} directories`);
      if (notServed > 0) {
        void this.warnLine(
          `${notServed} log entries are damaged and not served; famfs fsck ${directory} tells more`,
        );
      }
    });
  }
}

/** What `-o` understands besides what every mount has. */
function mountOptions(given: readonly string[]): { readOnly?: boolean; cache?: CacheMode } {
  let readOnly: boolean | undefined;
  let cache: CacheMode | undefined;
  for (const option of given.flatMap((list) => list.split(','))) {
    const mode = CACHE_MODES.find((name) => option === `cache=${name}`);
    if (mode) cache = mode;
    else if (option === 'ro') readOnly = true;
    else if (option === 'rw') readOnly = false;
    else if (!FOR_OTHERS.has(option)) {
      throw new FamfsError(
        'usage',
        `-o ${option}: not a mount option`,
        'ro, rw, cache=none, cache=open and cache=always are',
      );
    }
  }
  return defined({ readOnly, cache });
}

/** Options of /etc/fstab and mount(8) that are not for the file system, or say what it does anyway. */
const FOR_OTHERS = new Set([
  'defaults',
  'auto',
  'noauto',
  'user',
  'nouser',
  'users',
  'nofail',
  '_netdev',
  'nosuid',
  'nodev',
  'noatime',
  'exec',
]);
