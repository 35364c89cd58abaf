import { FamfsError } from '../errors';
import type { MountOptions } from '../operations/mount';
import { CACHE_MODES, FMAP_MODES, LOG_LEVELS, MOST_POLL_SECONDS } from '../types';
import { defined } from './base';

type Given = { -readonly [K in keyof MountOptions]?: MountOptions[K] | undefined };

interface Parsed extends Given {
  kernelOptions: string[];
}

type Taker = (parsed: Parsed, value: string) => boolean;

const flag =
  (set: (parsed: Parsed) => void): Taker =>
  (parsed, value) => {
    set(parsed);
    return value === '';
  };

/** Options with a value, or without: each sets what its flag sets, and says whether the value will do. */
const TAKERS: Readonly<Record<string, Taker>> = {
  ro: flag((parsed) => {
    parsed.readOnly = true;
  }),
  rw: flag((parsed) => {
    parsed.readOnly = false;
  }),
  'no-sync': flag((parsed) => {
    parsed.noSync = true;
  }),
  allow_other: flag((parsed) => {
    parsed.allowOther = true;
  }),
  degraded: flag((parsed) => {
    parsed.degraded = true;
  }),
  device: (parsed, value) => {
    parsed.devices = [...(parsed.devices ?? []), value];
    return value !== '';
  },
  cache: (parsed, value) => {
    parsed.cache = CACHE_MODES.find((name) => name === value);
    return parsed.cache !== undefined;
  },
  fmap: (parsed, value) => {
    parsed.fmap = FMAP_MODES.find((name) => name === value);
    return parsed.fmap !== undefined;
  },
  'log-level': (parsed, value) => {
    parsed.logLevel = LOG_LEVELS.find((name) => name === value);
    return parsed.logLevel !== undefined;
  },
  'log-file': (parsed, value) => {
    parsed.logFile = value;
    return value !== '';
  },
  'set-daxmode': (parsed, value) => {
    parsed.setDaxMode = 'devdax';
    return value === 'devdax';
  },
  workers: (parsed, value) => {
    parsed.workers = Number(value);
    return /^\d+$/.test(value) && parsed.workers >= 1 && parsed.workers <= 16;
  },
  poll: (parsed, value) => {
    parsed.pollSeconds = Number(value);
    return /^\d+$/.test(value) && parsed.pollSeconds <= MOST_POLL_SECONDS;
  },
};

/** What `-o` takes, for help and error messages. */
export const OPTIONS_HELP =
  'ro, rw, cache=none|open|always, fmap=auto|none|v4, log-level=, log-file=, workers=, poll=, device=, degraded, set-daxmode=devdax, no-sync, allow_other, and those of every mount';

/** Options of every file system that the kernel acts on by itself. */
const FOR_KERNEL = new Set(['exec', 'noexec', 'nosuid', 'nodev', 'sync', 'async', 'dirsync']);

/** Options of fstab(5) and mount(8) that are for other programs, or mean nothing here, where times never change. */
const FOR_OTHERS = new Set([
  'defaults',
  'auto',
  'noauto',
  'user',
  'nouser',
  'users',
  'owner',
  'group',
  'nofail',
  '_netdev',
  'atime',
  'noatime',
  'diratime',
  'nodiratime',
  'relatime',
  'norelatime',
  'strictatime',
  'nostrictatime',
  'lazytime',
  'nolazytime',
  'silent',
  'loud',
  // libfuse does not know it, and no symbolic link can be in a mount.
  'nosymfollow',
  // A mount is nosuid,nodev in spite of them: another host may have logged the file.
  'suid',
  'dev',
]);
const FOR_OTHERS_PREFIX = /^(?:x-|X-|comment=|user=|uhelper=|helper=)/;

/**
 * What lists of mount options, as after `-o`, ask for; later ones win. With `sloppy` those that nobody knows are passed
 * over. Throws FamfsError `usage` for them otherwise, and for values that make no sense.
 */
export function parseMountOptions(lists: readonly string[], sloppy = false): Partial<MountOptions> {
  const parsed: Parsed = { kernelOptions: [] };
  for (const option of lists.flatMap((list) => list.split(','))) {
    const [name = '', value = ''] = splitOnce(option);
    const taker = Object.hasOwn(TAKERS, name) ? TAKERS[name] : undefined;
    if (taker) {
      if (!taker(parsed, value)) throw unknownOption(option, 'not a mount option in this form');
    } else if (FOR_KERNEL.has(option)) parsed.kernelOptions.push(option);
    else if (option === 'remount') {
      throw new FamfsError('usage', '-o remount: a mount is not changed', 'famfs umount, then mount again');
    } else if (!FOR_OTHERS.has(option) && !FOR_OTHERS_PREFIX.test(option) && !sloppy) {
      throw unknownOption(option, 'not a mount option');
    }
  }
  return defined(parsed);
}

function splitOnce(option: string): [string, string] {
  const at = option.indexOf('=');
  return at === -1 ? [option, ''] : [option.slice(0, at), option.slice(at + 1)];
}

function unknownOption(option: string, what: string): FamfsError {
  return new FamfsError('usage', `-o ${option}: ${what}`, `there are ${OPTIONS_HELP}`);
}
