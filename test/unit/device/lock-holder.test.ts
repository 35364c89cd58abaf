import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockHolder } from '../../../src/device/lock-holder';

const DEVICE = '/dev/dax0.0';
const HELD = 'pos:\t0\nflags:\t02100002\nlock:\t1: FLOCK  ADVISORY  WRITE 7 00:06:5 0 EOF\n';
let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'famfs-proc-'));
});
afterEach(() => rmSync(proc, { recursive: true }));

function process(pid: number, opened: string, info: string, cmdline: string, comm = ''): void {
  const directory = join(proc, String(pid));
  for (const name of ['fd', 'fdinfo']) mkdirSync(join(directory, name), { recursive: true });
  symlinkSync(opened, join(directory, 'fd/5'));
  writeFileSync(join(directory, 'fdinfo/5'), info);
  writeFileSync(join(directory, 'cmdline'), cmdline);
  writeFileSync(join(directory, 'comm'), `${comm}\n`);
}

test('of those that have the device open, the one with the lock', () => {
  process(4, '/dev/dax1.0', HELD, 'other\0');
  process(5, DEVICE, 'pos:\t0\nflags:\t02100000\n', 'server\0');
  process(6, DEVICE, HELD.replace('WRITE', 'READ '), 'reader\0');
  process(7, DEVICE, HELD, 'famfs\0cp\0a b\0/mnt/x\0');
  expect(lockHolder(DEVICE, proc)).toEqual({ pid: 7, command: 'famfs cp a b /mnt/x' });
});

test('of a process and the children that have its lock, the process', () => {
  // In whatever order a directory gives them, the process is not likely to be the first.
  for (let pid = 2; pid < 30; pid++) {
    process(pid, DEVICE, HELD, `command ${pid}\0`);
    const parent = pid === 15 ? 1 : 15;
    // Many have ended meanwhile.
    if (pid % 3 === 1) continue;
    writeFileSync(join(proc, String(pid), 'status'), `Name:\tx\nPid:\t${pid}\nPPid:\t${parent}\n`);
  }
  expect(lockHolder(DEVICE, proc)).toEqual({ pid: 15, command: 'command 15' });
});

test('a long command line is shortened, and none can write to the terminal', () => {
  process(7, DEVICE, HELD, `x\0\u001b[2J\nroot# \u202e${'y'.repeat(300)}`);
  const { command = '' } = lockHolder(DEVICE, proc) ?? {};
  expect(command).toMatch(/^x \[2J root# +y+…$/);
  expect(command).toHaveLength(101);
});

test('a process that shows no command line is told by its name', () => {
  process(7, DEVICE, HELD, '', 'famfs');
  expect(lockHolder(DEVICE, proc)).toEqual({ pid: 7, command: 'famfs' });
});

test('nobody, where nobody is seen to have it', () => {
  process(5, DEVICE, 'pos:\t0\n', 'server\0');
  mkdirSync(join(proc, '9'));
  expect(lockHolder(DEVICE, proc)).toBeUndefined();
  expect(lockHolder(DEVICE, join(proc, 'none'))).toBeUndefined();
});
