import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { famfsOk } from '../support/run';
import { scratchAll } from '../support/run-scratch';
import { creat, eventually, pattern, python } from './helpers';

const BIN = join(__dirname, '../../bin/famfs');

describe('what is logged after the mount', () => {
  const scratch = scratchAll();
  let mount: string;

  beforeAll(async () => {
    ({ mount } = await scratch.mountedDevice('16g'));
  });

  const expectMissing = (path: string) => {
    expect(() => statSync(path)).toThrow('ENOENT');
  };

  test('by creat is there at once, although the name was looked up before', async () => {
    const path = join(mount, scratch.unique('created'));
    for (let i = 0; i < 3; i++) expectMissing(path);
    await creat(path, 5000);
    expect(statSync(path).size).toBe(5000);
    expect(readFileSync(path)).toEqual(Buffer.alloc(5000));
  });

  test('by cp is there at once, with its contents', async () => {
    const source = scratch.path(scratch.unique('source'));
    writeFileSync(source, pattern(70_000));
    const path = join(mount, scratch.unique('copied'));
    expectMissing(path);
    await famfsOk(['cp', '-q', source, path]);
    expect(readFileSync(path).equals(pattern(70_000))).toBe(true);
  });

  test('by mkdir is there at once, with what is made in it', async () => {
    const directory = join(mount, scratch.unique('made'));
    const below = join(directory, 'a/b');
    expectMissing(directory);
    expectMissing(below);
    await famfsOk(['mkdir', '-p', below]);
    expect(statSync(directory).isDirectory()).toBe(true);
    expect(readdirSync(join(directory, 'a'))).toEqual(['b']);
    expectMissing(join(below, 'file'));
    await creat(join(below, 'file'), 1);
    expect(statSync(join(below, 'file')).size).toBe(1);
  });

  test('shows in a listing, though nobody asked for its name', async () => {
    const directory = join(mount, scratch.unique('listed'));
    await famfsOk(['mkdir', directory]);
    for (const name of ['one', 'two', 'three']) {
      const before = readdirSync(directory).sort();
      await creat(join(directory, name), 1);
      expect(readdirSync(directory).sort()).toEqual([...before, name].sort());
    }
  });

  test('shows in a directory that is open already, when it is read anew', async () => {
    const directory = join(mount, scratch.unique('rewound'));
    await famfsOk(['mkdir', directory]);
    const listings = await python<string[][]>(
      `
fd = os.open(args[0], os.O_RDONLY | os.O_DIRECTORY)
before = os.listdir(fd)
subprocess.run([*args[1:], args[0] + '/new'], check=True, stdout=subprocess.DEVNULL)
answer([before, os.listdir(fd)])
`,
      [directory, BIN, 'creat', '--size', '1'],
    );
    expect(listings).toEqual([[], ['new']]);
  });

  test('neither hides nor doubles a name for who is in the middle of a listing', async () => {
    const names = Array.from({ length: 1500 }, (_, i) => `entry-${String(i).padStart(50, '0')}`);
    const source = scratch.directory(scratch.unique('many'));
    for (const name of names) mkdirSync(join(source, name));
    const directory = join(mount, scratch.unique('many'));
    await famfsOk(['cp', '-q', '-r', source, directory]);
    const seen = await python<string[]>(
      `
with os.scandir(args[0]) as entries:
    names = [next(entries).name]
    for i in range(3):
        subprocess.run([*args[1:], args[0] + '/new-%d' % i], check=True, stdout=subprocess.DEVNULL)
        os.stat(args[0] + '/new-%d' % i)
        for _ in range(300):
            names.append(next(entries).name)
    names += [entry.name for entry in entries]
answer(names)
`,
      [directory, BIN, 'mkdir'],
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(0, names.length)).toEqual(names.sort());
    expect(readdirSync(directory)).toHaveLength(names.length + 3);
  });

  test('raises the link count of its directory, also one that was looked up before', async () => {
    const directory = join(mount, scratch.unique('linked'));
    await famfsOk(['mkdir', directory]);
    expect(statSync(directory).nlink).toBe(2);
    await famfsOk(['mkdir', join(directory, 'one'), join(directory, 'two')]);
    await eventually('two links more', () => statSync(directory).nlink === 4);
    const inRoot = readdirSync(mount, { withFileTypes: true }).filter((entry) => entry.isDirectory()).length;
    await eventually('a link of the root for each', () => statSync(mount).nlink === 2 + inRoot);
  });

  test('logplay has nothing to do', async () => {
    const path = join(mount, scratch.unique('replayed'));
    expectMissing(path);
    await creat(path, 1);
    const result = (await famfsOk(['logplay', '--json', mount])).json<Record<string, unknown>>();
    expect(result).toMatchObject({ directory: mount, notServed: 0 });
    expect(statSync(path).size).toBe(1);
  });
});

describe('what cp overwrites in place', () => {
  const scratch = scratchAll();
  const SIZE = 3 * 4096 + 100;
  let mount: string;
  let source: string;

  beforeAll(async () => {
    ({ mount } = await scratch.mountedDevice());
    source = scratch.path('source');
  });

  const overwrite = async (path: string, seed: number) => {
    writeFileSync(source, pattern(SIZE, seed));
    await famfsOk(['cp', '-q', source, path]);
  };

  test('is read by who has the file open already', async () => {
    const path = join(mount, scratch.unique());
    await overwrite(path, 1);
    const fd = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(SIZE);
      readSync(fd, bytes, 0, SIZE, 0);
      expect(bytes.equals(pattern(SIZE, 1))).toBe(true);
      await overwrite(path, 2);
      readSync(fd, bytes, 0, SIZE, 0);
      expect(bytes.equals(pattern(SIZE, 2))).toBe(true);
    } finally {
      closeSync(fd);
    }
  });

  test('is what a file mapped before reads as when it is opened and mapped anew', async () => {
    const path = join(mount, scratch.unique());
    await overwrite(path, 1);
    const next = scratch.path('next');
    writeFileSync(next, pattern(SIZE, 2));
    const same = await python<boolean[]>(
      `
def mapped():
    with open(args[0], 'rb') as file:
        return mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)
old = open(args[1], 'rb').read()
new = open(args[2], 'rb').read()
first = mapped()
answers = [first[:] == old]
subprocess.run([args[3], 'cp', '-q', args[2], args[0]], check=True)
answers.append(mapped()[:] == new)
answer(answers)
`,
      [path, source, next, BIN],
    );
    expect(same).toEqual([true, true]);
  });
});
