import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '../../src/device/open';
import { MIB } from '../../src/log/layout';
import { loadSuperblock } from '../../src/log/superblock';
import { clone } from '../../src/operations/clone';
import { copy } from '../../src/operations/copy';
import { creat } from '../../src/operations/creat';
import { addDevices } from '../../src/operations/device-add';
import { format } from '../../src/operations/format';
import { mkdir } from '../../src/operations/mkdir';
import { takeOwnership } from '../../src/operations/owner';
import { keepBase } from './crash-image';
import { asHost } from './crash-judge';
import { Recorder } from './crash-record';
import { type Known, LOG_LENGTH, type Recording } from './crash-recording';
import { seeded } from './random';

/** The host that owns the file systems. */
export const OWNER = '0b5ad1e5-3c1f-4d7e-8a44-5f0c2f9b6e01';
const TAKER = 'a7c41e90-5d2b-4f68-93ea-c1d07b8e2f02';

/** Where an operation works. */
interface Place {
  readonly mount: string;
  /** Of the devices, the primary first. */
  readonly paths: readonly string[];
  /** A directory for sources. */
  readonly directory: string;
  /** Tells that these paths, relative to the mount, are promised from now on. */
  ack(paths: readonly string[]): void;
}

/** An operation, and what it finds. */
interface Operation {
  readonly name: string;
  /** Units of 2 MiB for files; 24 unless told. */
  readonly units?: number;
  /** Devices beside the primary, of 16 MiB. */
  readonly others?: number;
  prepare?(place: Place): Promise<unknown>;
  run(place: Place): Promise<unknown>;
  readonly brings?: readonly string[];
  readonly format?: 'fresh' | 'over';
  readonly taker?: string;
  readonly devicesAfter?: number;
}

const fast = { noSync: true };
const bytes = (path: string) => Buffer.from(path);

const manyFiles = ({ directory }: Place) => {
  const source = join(directory, 'source');
  const random = seeded(7);
  for (const name of ['', 'one', 'two', 'two/deep']) mkdirSync(join(source, name));
  for (let i = 0; i < 530; i++)
    writeFileSync(
      join(source, i % 3 ? 'one' : 'two/deep', `file${i}`),
      noise(1 + Math.floor(random() * 1500), i),
    );
  writeFileSync(join(source, 'large'), noise(200_000, 1));
  return Promise.resolve();
};

const copied = { recursive: true, noTargetDirectory: true };

/** All operations that write to devices. */
const OPERATIONS: readonly Operation[] = [
  {
    name: 'mkfs',
    format: 'fresh',
    run: ({ paths }) => format(paths[0] as string, { ...fast, small: true, logLength: LOG_LENGTH }),
  },
  {
    name: 'mkfs --force',
    format: 'over',
    prepare: ({ mount }) =>
      mkdir(
        Array.from({ length: 20 }, (_, i) => `${mount}/old${i}`),
        fast,
      ),
    run: ({ paths }) =>
      format(paths[0] as string, { ...fast, force: true, small: true, logLength: LOG_LENGTH }),
  },
  {
    name: 'mkfs --secondary',
    format: 'over',
    others: 2,
    devicesAfter: 3,
    prepare: ({ mount }) => mkdir([`${mount}/old`], fast),
    run: ({ paths: [primary = '', ...secondaries] }) =>
      format(primary, { ...fast, force: true, small: true, logLength: LOG_LENGTH, secondaries }),
  },
  { name: 'mkdir', run: ({ mount }) => mkdir([`${mount}/a`], fast) },
  { name: 'mkdir -p', run: ({ mount }) => mkdir([`${mount}/a/b/c/d`], { ...fast, parents: true }) },
  { name: 'creat', run: ({ mount }) => creat([{ path: `${mount}/zeros`, size: 5000 }], fast) },
  {
    name: 'creat --seed',
    run: ({ mount }) => creat([{ path: `${mount}/random`, size: 30_000, seed: 42 }], fast),
  },
  {
    name: 'creat striped',
    others: 2,
    devicesAfter: 3,
    prepare: ({ paths: [primary = '', ...others] }) => addDevices(primary, others, fast),
    run: ({ mount }) =>
      creat([{ path: `${mount}/striped`, size: 4 * MIB + 10_000 }], {
        ...fast,
        stripe: { nstrips: 3, chunkSize: 2 * MIB },
      }),
  },
  {
    name: 'creat --multi',
    units: 40,
    run: ({ ack, mount }) =>
      creat(
        Array.from({ length: 30 }, (_, i) => ({
          path: `${mount}/file${i}`,
          size: 100 + 50 * i,
          ...(i % 2 ? { seed: i } : {}),
        })),
        { ...fast, onFiles: (files) => ack(files.map(({ path }) => path)) },
      ),
  },
  {
    name: 'cp -r',
    units: 560,
    prepare: manyFiles,
    run: ({ ack, directory, mount }) =>
      copy([bytes(join(directory, 'source'))], `${mount}/copy`, {
        ...fast,
        ...copied,
        onDone: (_action, target) => ack([target]),
      }),
  },
  {
    name: 'cp over files',
    async prepare({ directory, mount }) {
      for (const [name, seed] of [
        ['old', 5],
        ['new', 6],
      ] as const) {
        mkdirSync(join(directory, name));
        writeFileSync(join(directory, name, 'small'), noise(1000, seed));
        writeFileSync(join(directory, name, 'large'), noise(150_000, seed));
      }
      await copy([bytes(join(directory, 'old'))], `${mount}/files`, { ...fast, ...copied });
      await mkdir([`${mount}/bystander`], fast);
    },
    run: ({ ack, directory, mount }) =>
      copy([bytes(join(directory, 'new'))], `${mount}/files`, {
        ...fast,
        ...copied,
        onDone: (_action, target) => ack([target]),
      }),
  },
  {
    name: 'clone',
    brings: ['ext-overlap'],
    prepare: ({ mount }) => creat([{ path: `${mount}/one`, size: 5000, seed: 9 }], fast),
    run: ({ mount }) => clone(`${mount}/one`, `${mount}/two`, fast),
  },
  {
    name: 'device add',
    others: 2,
    devicesAfter: 3,
    prepare: ({ mount }) => mkdir([`${mount}/before`], fast),
    run: ({ paths: [primary = '', ...others] }) => addDevices(primary, others, fast),
  },
  {
    name: 'owner --take',
    taker: TAKER,
    prepare: ({ mount }) => mkdir([`${mount}/before`], fast),
    run: ({ paths: [primary = ''] }) => takeOwnership(primary, { ...fast, force: true }),
  },
];

export const OPERATION_NAMES = OPERATIONS.map(({ name }) => name);

/** Runs an operation on new devices in `parent`, an absolute path, and writes down what it does. */
export async function record(name: string, parent: string): Promise<Recording> {
  const operation = OPERATIONS.find((one) => one.name === name);
  if (!operation) throw new Error(`${name}: no such operation`);
  const directory = join(parent, name.replace(/\W+/g, '-'));
  const mount = join(directory, 'mnt');
  mkdirSync(mount, { recursive: true });
  const paths = ['primary', ...Array.from({ length: operation.others ?? 0 }, (_, i) => `other${i}`)].map(
    (device) => join(directory, device),
  );
  const units = operation.units ?? 24;
  for (const path of paths)
    dirtyDevice(path, path === paths[0] ? { log: LOG_LENGTH, units } : { log: 0, units: 7 });
  return asHost(OWNER, () => recordOn(operation, { mount, paths, directory }));
}

async function recordOn(operation: Operation, where: Omit<Place, 'ack'>): Promise<Recording> {
  const { mount, paths } = where;
  const primary = paths[0] as string;
  const recorder = new Recorder(paths);
  const place = { ...where, ack: (done: readonly string[]) => recorder.ack(done) };
  const run = async () => {
    for (const path of paths) keepBase(path);
    const work = async () => void (await operation.run(place));
    await asHost(operation.taker ?? OWNER, () => recorder.during(work));
  };
  let before: ReadonlyMap<string, Known> = new Map();
  let after = before;
  if (operation.format !== 'fresh') await format(primary, { ...fast, small: true, logLength: LOG_LENGTH });
  const prepare = async () => {
    await operation.prepare?.(place);
    before = seen(mount);
  };
  if (operation.format === 'over') await mounted(primary, mount, prepare);
  if (operation.format) await run();
  else {
    await mounted(primary, mount, async () => {
      await prepare();
      await run();
      after = seen(mount);
    });
  }
  return {
    name: operation.name,
    paths,
    events: recorder.events,
    before,
    after,
    brings: operation.brings ?? [],
    isFormat: operation.format !== undefined,
    uuidBefore: operation.format === 'fresh' ? undefined : uuidOf(`${primary}.base`),
    taker: operation.taker,
    devicesAfter: operation.devicesAfter ?? 1,
  };
}

/** Mounts a device with the built program while `work` runs. */
export async function mounted<T>(device: string, mount: string, work: () => Promise<T>): Promise<T> {
  const program = join(process.cwd(), 'bin/famfs');
  const famfs = (...args: string[]) =>
    execFileSync(process.execPath, [program, ...args], { env: process.env, stdio: 'pipe' });
  famfs('mount', '--no-sync', '--log-file', `${mount}.log`, device, mount);
  try {
    return await work();
  } finally {
    famfs('umount', mount);
  }
}

/** What is in a mount: as a program sees it. */
export function seen(mount: string): Map<string, Known> {
  const found = new Map<string, Known>();
  for (const entry of readdirSync(mount, { recursive: true, encoding: 'utf8' })) {
    if (entry === '.meta' || entry.startsWith('.meta/')) continue;
    const path = join(mount, entry);
    const stats = statSync(path);
    const mode = stats.mode & 0o7777;
    found.set(entry, stats.isFile() ? { mode, bytes: readFileSync(path) } : { mode });
  }
  return found;
}

function uuidOf(path: string): string {
  const device = openDevice(path, { writable: false });
  try {
    return loadSuperblock(device).uuid;
  } finally {
    device.close();
  }
}

/** Makes a device file with a log of `log` bytes whose units for files hold what somebody left there. */
function dirtyDevice(path: string, { log, units }: { log: number; units: number }): void {
  const start = 2 * MIB + log;
  const left = noise(12_000, 1000);
  const fd = openSync(path, 'wx');
  ftruncateSync(fd, start + units * 2 * MIB);
  for (let i = 0; i < units; i++) writeSync(fd, left, 0, left.length, start + i * 2 * MIB);
  closeSync(fd);
}

function noise(length: number, seed: number): Buffer {
  const random = seeded(seed);
  return Buffer.from(Array.from({ length }, () => 1 + Math.floor(random() * 255)));
}
