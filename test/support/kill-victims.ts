import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckReport } from '../../src/operations/check';
import { CLIENT, commandOk, famfs, famfsOk, OWNER, type Run, type RunOptions } from './run';
import { readOnDevice } from './run-device';
import { codesOf, expectClean } from './run-expect';
import { exists, expectContents, expectSameTree, filesBelow, namesIn, noise, put } from './run-files';
import { plantTree } from './run-kill';
import { mountsBelow, type Scratch } from './run-scratch';
import { until } from './run-server';

/** One call of a verb that is to be killed, and what must hold when it was. */
export interface Trial {
  readonly args: readonly string[];
  readonly options?: RunOptions;
  /** Fails unless the work is whole or not there, all that was told is there, and the next call does it. */
  readonly check: (run: Run) => Promise<void>;
}

/** A verb that writes: `trial` makes a new call of it, on what earlier ones left. */
export interface Victim {
  readonly name: string;
  readonly trial: () => Promise<Trial>;
}

/** Where the victims work. */
export interface Ground {
  readonly scratch: Scratch;
  /** A file system that all verbs which append share. */
  readonly mount: string;
  /** Another, in which files share space. */
  readonly clones: string;
}

const AT_ONCE = ['--no-sync', '--lock-timeout', '0'];
const SMALL = 40;
const LARGE = 2;
const CREATED = 3 * 2 ** 20;

/** Verbs that append to a file system that is mounted. */
export function appending({ clones, mount, scratch }: Ground): Victim[] {
  const source = plantTree(scratch.path('source'), SMALL, LARGE);
  const other = plantTree(scratch.path('other'), SMALL, LARGE, 500);
  const single = put(scratch.path('single'), noise(2 ** 21, 9));
  const fresh = () => `${mount}/${scratch.unique('k')}`;
  const zeros = Buffer.alloc(CREATED);
  return [
    victim('mkdir -p', () => {
      const path = fresh();
      const args = ['-p', `${path}/a/b/c/d`];
      return call(['mkdir', ...args], async (run) => {
        if (run.status === 0) expect(exists(path)).toBe(true);
        if (exists(path)) expect(exists(`${path}/a/b/c/d`)).toBe(true);
        await famfsOk(['mkdir', ...AT_ONCE, ...args]);
      });
    }),
    victim('creat', () => {
      const path = fresh();
      const args = ['-s', '3m', path];
      return call(['creat', ...args], async (run) => {
        if (run.status === 0) expect(exists(path)).toBe(true);
        if (exists(path)) expect(statSync(path).size).toBe(CREATED);
        await famfsOk(['creat', ...AT_ONCE, ...args]);
        expect(readFileSync(path).equals(zeros)).toBe(true);
      });
    }),
    victim('creat --multi', () => {
      const paths = Array.from({ length: 30 }, fresh);
      const args = paths.flatMap((path, i) => ['--multi', `${path},64k,${i + 1}`]);
      return call(['creat', ...args], async ({ stdout }) => {
        const told = stdout.split('\n').slice(0, -1);
        const names = told.map((line) => `${mount}/${line.slice(0, line.indexOf(':'))}`);
        expect(names.filter((name) => !exists(name))).toEqual([]);
        const there = paths.flatMap((path, i) => (exists(path) ? ['--multi', `${path},${i + 1}`] : []));
        if (there.length > 0) await famfsOk(['verify', ...there]);
        await famfsOk(['creat', ...AT_ONCE, ...args]);
      });
    }),
    victim('cp', () => {
      const to = fresh();
      return call(['cp', single, to], async (run) => {
        if (run.status === 0) expect(exists(to)).toBe(true);
        if (exists(to)) expect(readFileSync(to).equals(readFileSync(single))).toBe(true);
        await famfsOk(['cp', ...AT_ONCE, single, to]);
      });
    }),
    victim('cp -r', () => {
      const to = fresh();
      return call(['cp', '-v', '-rT', source, to], async ({ stdout }) => {
        if (exists(to)) expectContents(source, to);
        const told = [...stdout.matchAll(/^new +(.*)\n/gm)].map(([, path]) => `${mount}/${path}`);
        expect(told.filter((path) => !exists(path))).toEqual([]);
        await famfsOk(['cp', ...AT_ONCE, '-rT', '--resume', source, to]);
        expectSameTree(source, to);
      });
    }),
    victim('cp -r over files', async () => {
      const [to, bystander] = [fresh(), fresh()];
      await famfsOk(['cp', '--no-sync', '-rT', other, to]);
      await famfsOk(['cp', '--no-sync', '-rT', other, bystander]);
      const sameSizes = scratch.directory(scratch.unique('same'));
      for (const file of filesBelow(other)) {
        put(`${sameSizes}/${file}`, noise(statSync(`${other}/${file}`).size, 77));
      }
      return call(['cp', '-rT', sameSizes, to], async () => {
        expectSameTree(other, bystander);
        await famfsOk(['cp', ...AT_ONCE, '-rT', sameSizes, to]);
        expectSameTree(sameSizes, to);
      });
    }),
    victim('cp of standard input', () => {
      const to = fresh();
      const input = readFileSync(single);
      const args = ['--size', String(input.length), '-', to];
      return call(
        ['cp', ...args],
        async (run) => {
          if (run.status === 0) expect(exists(to)).toBe(true);
          if (exists(to)) expect(readFileSync(to).equals(input)).toBe(true);
          await famfsOk(['cp', ...AT_ONCE, ...args], { input });
        },
        { input },
      );
    }),
    victim('flush', async () => {
      const path = fresh();
      await famfsOk(['cp', '--no-sync', single, path]);
      return call(['flush', path], async () => {
        expect(readFileSync(path).equals(readFileSync(single))).toBe(true);
        await famfsOk(['flush', path]);
      });
    }),
    victim('clone', async () => {
      const [from, to] = [`${clones}/${scratch.unique('f')}`, `${clones}/${scratch.unique('twin')}`];
      await famfsOk(['cp', '--no-sync', single, from]);
      return call(['clone', from, to], async (run) => {
        if (run.status === 0) expect(exists(to)).toBe(true);
        if (!exists(to)) await famfsOk(['clone', ...AT_ONCE, from, to]);
        expect(readFileSync(to).equals(readFileSync(single))).toBe(true);
        const { findings } = (await famfs(['fsck', '--json', clones])).json<CheckReport>();
        expect([...new Set(codesOf(findings))]).toEqual(['ext-overlap']);
      });
    }),
  ];
}

/** Verbs that make, join, take and mount devices. */
export function onDevices({ scratch }: Ground): Victim[] {
  const blank = async (size = '4g') => {
    const path = scratch.path('devices', `${scratch.unique('blank')}.img`);
    await commandOk('truncate', ['-s', size, put(path, '')]);
    return path;
  };
  const old = async (size = '4g') => {
    const device = await blank(size);
    await famfsOk(['mkfs', '--no-sync', device]);
    return device;
  };
  return [
    victim('mkfs', async () => {
      const device = await blank();
      return call(['mkfs', device], async (run) => {
        const made = await soundOrNone(device);
        if (run.status === 0) expect(made).toBeDefined();
        await famfsOk(['mkfs', ...AT_ONCE, ...(made ? ['--force'] : []), device]);
        await expectClean(device);
      });
    }),
    victim('mkfs --create', () => {
      const device = join(scratch.directory('devices'), `${scratch.unique('new')}.img`);
      return call(['mkfs', '--create', '4g', device], async (run) => {
        const made = exists(device) ? await soundOrNone(device) : undefined;
        if (run.status === 0) expect(made).toBeDefined();
        const size = exists(device) ? statSync(device).size : 0;
        const again = size === 0 ? ['--create', '4g'] : ['--force'];
        if (exists(device) && size === 0) await commandOk('rm', [device]);
        await famfsOk(['mkfs', ...AT_ONCE, ...again, device]);
        await expectClean(device);
      });
    }),
    victim('mkfs --force', async () => {
      const device = await old();
      const { uuid } = readOnDevice(device).superblock;
      return call(['mkfs', '--force', device], async (run) => {
        const sound = await soundOrNone(device);
        if (run.status === 0) expect(sound?.uuid).not.toBe(uuid);
        await famfsOk(['mkfs', ...AT_ONCE, '--force', device]);
        await expectClean(device);
      });
    }),
    victim('mkfs --kill', async () => {
      const device = await old();
      return call(['mkfs', '--kill', '--force', device], async (run) => {
        const sound = await soundOrNone(device);
        if (run.status === 0) expect(sound).toBeUndefined();
        await famfsOk(['mkfs', ...AT_ONCE, '--kill', '--force', device]);
      });
    }),
    victim('device add', async () => {
      const [device, ...added] = [await old(), await blank('1g'), await blank('1g')];
      const args = [device, ...added];
      return call(['device', 'add', ...args], async (run) => {
        const entries = (await expectClean(device)).contents?.entries;
        if (run.status === 0) expect(entries).toBe(2);
        expect([0, 2]).toContain(entries);
        if (entries === 0) await famfsOk(['device', 'add', ...AT_ONCE, ...args]);
        expect((await expectClean(device)).contents?.entries).toBe(2);
      });
    }),
    victim('owner --take', async () => {
      const device = await old();
      const [host, args] = [{ host: CLIENT }, ['--take', '--force', device]];
      const check = async (run: Run) => {
        await expectClean(device);
        const { ownerUuid } = readOnDevice(device).superblock;
        expect(run.status === 0 ? [CLIENT] : [OWNER, CLIENT]).toContain(ownerUuid);
        await famfsOk(['owner', ...AT_ONCE, ...args], host);
        expect(readOnDevice(device).superblock.ownerUuid).toBe(CLIENT);
      };
      return call(['owner', ...args], check, host);
    }),
    victim('mount', async () => {
      const [device, at] = [await old(), scratch.directory(scratch.unique('mnt'))];
      const args = ['--no-sync', '--log-file', scratch.path('killed-mount.log'), device, at];
      return call(['mount', ...args], async (run) => {
        if (run.status === 0) expect(mountsBelow(scratch.root)).toContain(at);
        await settled(args, at);
        await famfsOk(['mkdir', ...AT_ONCE, `${at}/x`]);
        expect(namesIn(at)).toEqual(['x']);
        await famfsOk(['umount', at]);
        expect(mountsBelow(scratch.root)).not.toContain(at);
      });
    }),
  ];
}

/** Mounts what a killed `famfs mount` may have mounted, or may be about to: its server is a process of its own. */
async function settled(args: readonly string[], at: string): Promise<void> {
  const run = await famfs(['mount', '--json', ...args]);
  if (run.status !== 0) expect(run.json()).toMatchObject({ error: { code: 'already-mounted' } });
  await until('the server answers', async () => (await famfs(['status', at])).status === 0);
}

/** The report on a device, on which nothing may be wrong; undefined where there is no file system. */
async function soundOrNone(device: string): Promise<CheckReport | undefined> {
  const report = (await famfs(['fsck', '--json', device])).json<CheckReport>();
  if (report.findings[0]?.code === 'sb-magic') return undefined;
  expect(report.findings).toEqual([]);
  return report;
}

function victim(name: string, trial: () => Trial | Promise<Trial>): Victim {
  return { name, trial: async () => trial() };
}

function call(args: readonly string[], check: Trial['check'], options: RunOptions = {}): Trial {
  return { args, check, options };
}
