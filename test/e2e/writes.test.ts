import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, commandOk, famfsOk, shell } from '../support/run';
import { modeOf } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';
import { type Created, creat, firstOffset, pattern, python, readAt, writeAt } from './helpers';

describe('writing in place', () => {
  const scratch = scratchAll();
  let device: string;
  let mount: string;

  beforeAll(async () => {
    ({ device, mount } = await scratch.mountedDevice());
  });

  const remount = async () => {
    await famfsOk(['umount', mount]);
    await scratch.mounted(device, [], { at: mount });
  };

  const newFile = async (size: number): Promise<{ path: string; created: Created }> => {
    const path = join(mount, scratch.unique('file'));
    return { path, created: await creat(path, size) };
  };

  const onDevice = (created: Created) => readAt(device, firstOffset(created), created.size);

  /** The bytes are in the file, in the device at the file's place, and in the file after a mount anew. */
  const expectContents = async (path: string, created: Created, expected: Buffer) => {
    expect(readFileSync(path).equals(expected)).toBe(true);
    expect(onDevice(created).equals(expected)).toBe(true);
    await remount();
    expect(readFileSync(path).equals(expected)).toBe(true);
    expect(statSync(path).size).toBe(created.size);
  };

  test('dd conv=notrunc', async () => {
    const { path, created } = await newFile(1_000_000);
    const source = scratch.path(scratch.unique());
    writeFileSync(source, pattern(600_000));
    await commandOk('dd', [`if=${source}`, `of=${path}`, 'bs=7777', 'seek=13', 'conv=notrunc,fsync']);
    const expected = Buffer.alloc(1_000_000);
    pattern(600_000).copy(expected, 13 * 7777);
    await expectContents(path, created, expected);
  });

  test('dd oflag=direct', async () => {
    const { path, created } = await newFile(1_000_000);
    const source = scratch.path(scratch.unique());
    writeFileSync(source, pattern(131_072));
    await commandOk('dd', [
      `if=${source}`,
      `of=${path}`,
      'bs=4096',
      'seek=3',
      'conv=notrunc',
      'oflag=direct',
    ]);
    const expected = Buffer.alloc(1_000_000);
    pattern(131_072).copy(expected, 3 * 4096);
    await expectContents(path, created, expected);
  });

  test.each([
    ['a user', 1000, 0o6777, 0o777],
    ['a user, where the group may not execute', 1000, 0o6767, 0o2767],
    ['root', 0, 0o6777, 0o6777],
  ])('by %s: set-user-ID and set-group-ID bits', async (_who, uid, before, after) => {
    const { path } = await newFile(100_000);
    chmodSync(path, before);
    expect(modeOf(path)).toBe(before);
    const words = ['if=/dev/zero', `of=${path}`, 'bs=10', 'count=1', 'conv=notrunc'];
    await commandOk('dd', words, { uid, gid: uid });
    expect(modeOf(path)).toBe(after);
  });

  test('pwrite at offsets, over each other, up to the last byte', async () => {
    const size = 3 * 2 ** 20 + 5;
    const { path, created } = await newFile(size);
    const expected = Buffer.alloc(size);
    const places = [0, 1, 4095, 4096, 65_537, 2 ** 20 - 3, 2 ** 21 - 1, size - 1];
    for (const [i, at] of places.entries()) {
      const bytes = pattern(Math.min(10_000 * i + 1, size - at), i);
      expect(writeAt(path, at, bytes)).toBe(bytes.length);
      bytes.copy(expected, at);
    }
    await expectContents(path, created, expected);
  });

  test('one write of several MiB', async () => {
    const { path, created } = await newFile(9_000_001);
    expect(writeAt(path, 0, pattern(9_000_001))).toBe(9_000_001);
    await expectContents(path, created, pattern(9_000_001));
  });

  test('stores into a shared mapping', async () => {
    const { path, created } = await newFile(500_000);
    const source = scratch.path(scratch.unique());
    writeFileSync(source, pattern(500_000));
    await python(
      `
with open(args[0], 'r+b') as file, mmap.mmap(file.fileno(), 0) as memory:
    memory[:] = open(args[1], 'rb').read()
answer(None)
`,
      [path, source],
    );
    await expectContents(path, created, pattern(500_000));
  });

  test('a store into a shared mapping is seen by another process, by read, and on the device after msync', async () => {
    const { path, created } = await newFile(10_000);
    const seen = await python(
      `
def bytes_of(source):
    return source.decode('latin1')
with open(args[0], 'r+b') as file, mmap.mmap(file.fileno(), 0) as memory:
    memory[5000:5005] = b'first'
    child = 'import mmap,sys; f = open(sys.argv[1], "rb"); print(mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)[5000:5005].decode())'
    seen = [subprocess.run([sys.executable, '-c', child, args[0]], capture_output=True, text=True).stdout.strip()]
    memory[5000:5005] = b'other'
    seen.append(bytes_of(os.pread(file.fileno(), 5, 5000)))
    os.pwrite(file.fileno(), b'third', 5000)
    seen.append(bytes_of(memory[5000:5005]))
    memory[5000:5005] = b'forth'
    memory.flush()
    with open(args[1], 'rb') as device:
        device.seek(int(args[2]) + 5000)
        seen.append(bytes_of(device.read(5)))
answer(seen)
`,
      [path, device, String(firstOffset(created))],
    );
    expect(seen).toEqual(['first', 'other', 'third', 'forth']);
  });

  test('stores into a private mapping stay there', async () => {
    const { path, created } = await newFile(10_000);
    await python(
      `
with open(args[0], 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as memory:
    memory[:5] = b'stays'
answer(None)
`,
      [path],
    );
    await expectContents(path, created, Buffer.alloc(10_000));
  });

  test('fsync, fdatasync, O_SYNC, O_DSYNC, sync and syncfs succeed', async () => {
    const { path, created } = await newFile(10_000);
    const results = await python(
      `
fd = os.open(args[0], os.O_RDWR)
os.pwrite(fd, b'sync', 0)
answers = [attempt(lambda: os.fsync(fd)), attempt(lambda: os.fdatasync(fd))]
for flag in os.O_SYNC, os.O_DSYNC:
    synced = os.open(args[0], os.O_WRONLY | flag)
    answers.append(attempt(lambda: os.pwrite(synced, b'written', 5000)))
    os.close(synced)
answers.append(attempt(lambda: checked(libc.syncfs(fd))))
os.sync()
answer(answers)
`,
      [path],
    );
    expect(results).toEqual([null, null, 7, 7, 0]);
    const expected = Buffer.alloc(10_000);
    expected.write('sync', 0);
    expected.write('written', 5000);
    await expectContents(path, created, expected);
  });

  describe('never changes the size', () => {
    const size = 10_000;
    const contents = pattern(size, 9);
    let path: string;
    let created: Created;

    beforeEach(async () => {
      ({ path, created } = await newFile(size));
      writeAt(path, 0, contents);
    });
    afterEach(() => expectContents(path, created, contents));

    test('appending is EFBIG', async () => {
      const { status, stderr } = await shell(`echo more >> '${path}'`);
      expect(status).not.toBe(0);
      expect(stderr).toContain('File too large');
    });

    test('a write across the end is short, then EFBIG; one behind it is EFBIG', async () => {
      const tail = contents.subarray(size - 100);
      const source = scratch.path(scratch.unique());
      writeFileSync(source, Buffer.concat([tail, Buffer.from('too much')]));
      const results = await python(
        `
fd = os.open(args[0], os.O_RDWR)
tail = open(args[1], 'rb').read()
end = int(args[2])
os.lseek(fd, end - 100, os.SEEK_SET)
answers = [attempt(lambda: os.write(fd, tail)), os.lseek(fd, 0, os.SEEK_CUR), attempt(lambda: os.write(fd, tail[100:]))]
answers.append(attempt(lambda: os.pwrite(fd, b'x', end)))
answers.append(attempt(lambda: os.pwrite(fd, b'x', end + 2 ** 21)))
answers.append(attempt(lambda: os.pwrite(fd, b'x', 2 ** 60)))
answers.append(attempt(lambda: os.pwrite(fd, b'', end)))
answer(answers)
`,
        [path, source, String(size)],
      );
      expect(results).toEqual([100, size, 'EFBIG', 'EFBIG', 'EFBIG', 'EFBIG', 0]);
    });

    test.each([
      ['> of a shell', (file: string) => `: > '${file}'`],
      ['dd without conv=notrunc', (file: string) => `dd if=/dev/zero of='${file}' bs=1 count=1`],
      ['cp', (file: string) => `cp /bin/true '${file}'`],
      ['tee', (file: string) => `echo x | tee '${file}'`],
      ['truncate to less', (file: string) => `truncate -s 9999 '${file}'`],
      ['truncate to nothing', (file: string) => `truncate -s 0 '${file}'`],
      ['truncate to more', (file: string) => `truncate -s 10001 '${file}'`],
    ])('%s is refused with EPERM', async (_what, script) => {
      const { status, stderr } = await shell(script(path));
      expect(status).not.toBe(0);
      expect(stderr).toContain('Operation not permitted');
    });

    test('truncate to the same size is accepted', async () => {
      await commandOk('truncate', ['-s', String(size), path]);
    });

    test('mv and cp --remove-destination onto it are refused', async () => {
      const other = scratch.path(scratch.unique());
      writeFileSync(other, 'other');
      for (const args of [
        ['mv', other, path],
        ['cp', '--remove-destination', other, path],
        ['rm', '-f', path],
      ]) {
        const [name, ...rest] = args as [string, ...string[]];
        const { status, stderr } = await command(name, rest);
        expect(status).not.toBe(0);
        expect(stderr).toContain('Operation not permitted');
      }
      expect(readFileSync(other, 'utf8')).toBe('other');
    });
  });
});

describe('the end of a file', () => {
  const scratch = scratchAll();
  const PAGE = 4096;
  let device: string;
  let mount: string;

  beforeAll(async () => {
    ({ device, mount } = await scratch.mountedDevice());
  });

  test.each([1, 100, 4095, 4097, 5000, 12_289, 2 ** 20 - 1, 2 ** 21 - 1])(
    'of %i bytes hides what the unit holds behind it, and keeps it',
    async (size) => {
      const path = join(mount, scratch.unique('file'));
      const created = await creat(path, size);
      const rest = (PAGE - (size % PAGE)) % PAGE;
      const foreign = Buffer.alloc(rest, 0xee);
      writeAt(device, firstOffset(created) + size, foreign);
      const seen = await python<Record<string, unknown>>(
        `
size, rest = int(args[1]), int(args[2])
fd = os.open(args[0], os.O_RDWR)
seen = {
    'at': len(os.pread(fd, 100, size)),
    'behind': len(os.pread(fd, 100, size + 1)),
    'far behind': len(os.pread(fd, 100, size + 2 ** 40)),
    'across': len(os.pread(fd, 2 ** 21, size - 1)),
    'all': len(os.pread(fd, size + rest, 0)),
    'SEEK_END': os.lseek(fd, 0, os.SEEK_END),
}
memory = mmap.mmap(fd, size)
first = ctypes.addressof(ctypes.c_char.from_buffer(memory))
seen['mapped'] = ctypes.string_at(first + size, rest) == bytes(rest)
memory[size - 1] = 0x55
ctypes.memset(first + size, 0x77, rest)
memory.flush()
seen['direct'] = os.preadv(os.open(args[0], os.O_RDONLY | os.O_DIRECT), [mmap.mmap(-1, size + rest)], 0)
answer(seen)
`,
        [path, String(size), String(rest)],
      );
      expect(seen).toEqual({
        at: 0,
        behind: 0,
        'far behind': 0,
        across: 1,
        all: size,
        SEEK_END: size,
        mapped: true,
        direct: size,
      });
      expect(readAt(path, 0, size + rest)).toHaveLength(size);
      expect(readAt(path, size - 1, 2)).toEqual(Buffer.from([0x55]));
      expect(readAt(device, firstOffset(created) + size, rest).equals(foreign)).toBe(true);
    },
  );

  test('of an empty file is its start', async () => {
    const path = join(mount, scratch.unique('empty'));
    const created = await creat(path, 0);
    writeAt(device, firstOffset(created), Buffer.from('foreign'));
    expect(readFileSync(path)).toHaveLength(0);
    expect(() => writeAt(path, 0, Buffer.from('x'))).toThrow('EFBIG');
    expect(readAt(device, firstOffset(created), 7).toString()).toBe('foreign');
  });
});
