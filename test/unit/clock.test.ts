import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The clock of a host may be set while a program runs. What takes time is measured by performance.now(), which never
 * goes back; these files ask for the time of day, and why that is right.
 */
const TIME_OF_DAY: Readonly<Record<string, string>> = {
  'fuse/attributes.ts': 'UTIME_NOW is the time of day',
  'fuse/logger.ts': 'the time of a line of the log',
  'fuse/pool.ts': 'when a worker was started, for people',
  'fuse/run-directory.ts':
    'the age of a directory, whose time is that of the system; nothing is lost if it is wrong',
  'fuse/status.ts': 'when the server was started, for people',
  'fuse/supervisor.ts': 'times of files are that of the mount',
  'operations/backup-file.ts': 'when a backup was made, for people',
  'operations/repair.ts': 'the name of a backup',
  'operations/restore.ts': 'shows when a backup was made',
  'ui/status-text.ts': 'shows a time',
};

test('the time of day is asked for where it is meant, and never for how long something takes', () => {
  const source = join(__dirname, '../../src');
  const asking = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => /\bDate\.now\b|\bnew Date\b/.test(readFileSync(join(source, name), 'utf8')));
  expect(asking.sort()).toEqual(Object.keys(TIME_OF_DAY).sort());
});

test.each(Object.keys(TIME_OF_DAY))('%s takes no difference of two times of day', (name) => {
  if (name === 'fuse/run-directory.ts') return;
  const text = readFileSync(join(__dirname, '../../src', name), 'utf8');
  expect(text).not.toMatch(/Date\.now\(\)\s*[-+<>]|[-+<>]\s*Date\.now\(\)/);
});
