import type { StatusReport } from '../server-contract';

/** Something wrong with a mount: what it is, what it means, and what to do. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly what: string;
  readonly todo: string;
}

const FROZEN: Readonly<Record<string, string>> = {
  'other-file-system': 'another file system was made over this one; its files answer EIO',
  'no-superblock': 'the superblock is gone; its files answer EIO',
  'counters-went-back': 'the log has fewer entries than before; what was served stays, nothing new shows',
  'counters-too-high': 'the log counts more entries than it holds; what was served stays, nothing new shows',
  'bad-entry': 'an appended entry is damaged; what was served before it stays, nothing new shows',
};

const DEVICES = {
  missing: ['is not found on this host', 'attach it, or name it with --device at the next mount'],
  damaged: ['has no sound superblock', 'famfs fsck tells more'],
  foreign: ['is not what is in its place', 'famfs device scan looks for it'],
  truncated: ['became shorter than it was', 'give it back the size that it had'],
  failed: [
    'failed: it could not be read or written, or became shorter',
    "see the server's log, look after it",
  ],
} as const;

/** What is wrong with secondary devices. */
function deviceProblems({ devices }: StatusReport, remount: string): Problem[] {
  return devices.flatMap(({ index, trouble, uuid }): Problem[] => {
    if (index === 0 || trouble === null) return [];
    const [state, hint] = DEVICES[trouble];
    const todo = trouble === 'failed' ? `${hint}, then ${remount}` : hint;
    return [
      { severity: 'error', what: `device ${index} (UUID ${uuid}) ${state}; its files answer EIO`, todo },
    ];
  });
}

/** All that is wrong with a mount, the worst first. */
export function problemsOf(status: StatusReport): Problem[] {
  const { deviceFailed, deviceReplaced, directory, gaveUp, log, replayed } = status;
  const problems: Problem[] = [];
  const remount = `famfs umount ${directory}, then mount it again`;
  const add = (is: boolean, severity: Problem['severity'], what: string, todo: string) => {
    if (is) problems.push({ severity, what, todo });
  };
  add(
    deviceFailed,
    'error',
    'the device failed: it could not be read or written, or became shorter; its files answer EIO',
    `see the server's log, look after the device, then ${remount}`,
  );
  add(
    gaveUp,
    'error',
    'the workers ended again and again, and no more are started; every request answers EIO',
    `see the server's log, then ${remount}`,
  );
  if (log.frozen !== null) {
    const what = FROZEN[log.frozen] ?? 'what was served stays, nothing new shows';
    const foreign = log.frozen === 'other-file-system' || log.frozen === 'no-superblock';
    const todo = foreign
      ? remount
      : `famfs fsck ${directory} tells what is wrong; after a repair, ${remount}`;
    add(true, 'error', `the log turned invalid (${log.frozen}): ${what}`, todo);
  }
  problems.push(...deviceProblems(status, remount));
  add(
    deviceReplaced,
    'error',
    `${status.device} was removed or replaced: what is mounted is the former one`,
    `${remount} to serve what is there now`,
  );
  add(
    replayed.notServed > 0,
    'warning',
    `${replayed.notServed} log entries are damaged and not served`,
    `famfs fsck ${directory} tells more`,
  );
  return problems;
}
