import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { commandOk, famfsOk, type Run } from '../support/run';
import { noise, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

/** The library as a program has it that installed the package; and docs/LIBRARY.md, all of whose programs are run. */

const ROOT = join(__dirname, '../..');
const MIB = 2 ** 20;
const scratch = scratchAll();
let home: string;
let programs = 0;

/** Installs the packed package, as npm would from a registry, and makes the device of docs/LIBRARY.md. */
beforeAll(async () => {
  home = scratch.directory('program');
  put(join(home, 'package.json'), JSON.stringify({ name: 'program', private: true }));
  const packed = await commandOk('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', home], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
  await commandOk('npm', ['install', ...flags, join(home, filename)], { cwd: home, timeout: 110_000 });
  mkdirSync(join(home, 'node_modules/@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types', 'apache-arrow', 'flatbuffers', 'tslib']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(home, 'node_modules', name));
  }
  const env = { PATH: `${join(ROOT, 'bin')}:${process.env.PATH}` };
  await commandOk('/bin/bash', ['-ec', commandsOfPage()], { cwd: home, env });
});

const page = (): string => readFileSync(join(ROOT, 'docs/LIBRARY.md'), 'utf8');

function commandsOfPage(): string {
  const block = /^```console\n([\s\S]*?)^```$/m.exec(page())?.[1] ?? '';
  return block.replace(/^\$ /gm, '');
}

/** The programs of the page, with what it says that they print. */
function programsOfPage(): [kind: string, program: string, output: string][] {
  const blocks = page().matchAll(/^```(js|cjs|ts)\n([\s\S]*?)^```$\n\n```text\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, kind = '', program = '', output = '']) => [kind, program, output]);
}

/** Writes a program to a file beside the installed package. Returns its path. */
function written(extension: string, program: string): string {
  programs += 1;
  return put(join(home, `program${programs}.${extension}`), program);
}

function run(program: string, args: readonly string[] = [], extension = 'mjs'): Promise<Run> {
  return commandOk(process.execPath, ['--expose-gc', written(extension, program), ...args], { cwd: home });
}

/** Compiles a program with strict checks for Node's own resolution of packages. Returns the path of the JavaScript. */
async function compiled(program: string): Promise<string> {
  const source = written('mts', program);
  const flags = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  await commandOk(process.execPath, [tsc, ...flags, source], { cwd: home, timeout: 110_000 });
  return source.replace(/mts$/, 'mjs');
}

/** Logs a file once the program that follows has the device open. */
function laterCopy(): Promise<Run> {
  const script = [
    'until ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q "$PWD/device.img"; do sleep 0.05; done',
    'echo new > later.txt',
    'famfs mount -q --log-file server.log device.img mnt',
    'famfs cp -q later.txt mnt',
    'famfs umount -q mnt',
  ].join('\n');
  const env = { PATH: `${join(ROOT, 'bin')}:${process.env.PATH}` };
  return commandOk('/bin/bash', ['-ec', script], { cwd: home, env });
}

describe('docs/LIBRARY.md', () => {
  test('has programs', () => expect(programsOfPage().length).toBeGreaterThan(3));

  test.each(programsOfPage())('%s program %#', async (kind, program, output) => {
    const later = program.includes('follow(') ? laterCopy() : undefined;
    const file = kind === 'ts' ? await compiled(program) : written(kind === 'cjs' ? 'cjs' : 'mjs', program);
    const { stderr, stdout } = await commandOk(process.execPath, [file], { cwd: home });
    await later;
    expect({ stderr, stdout }).toEqual({ stderr: '', stdout: output });
  });
});

describe('files of every shape', () => {
  const SIZE = 9 * MIB + 5;
  let device: string;
  let mount: string;
  let source: string;

  beforeAll(async () => {
    ({ device, mount } = await scratch.mountedDevice('32g'));
    source = put(scratch.path('source'), noise(SIZE));
    await famfsOk(['cp', '--no-sync', source, `${mount}/plain`]);
    await famfsOk(['cp', '--no-sync', '-N', '4', '-B', '8', source, `${mount}/striped`]);
    await famfsOk(['creat', '--no-sync', '-s', '5g', `${mount}/large`]);
    await famfsOk(['cp', '--no-sync', put(scratch.path('empty'), ''), mount]);
  });

  test.each(['plain', 'striped'])(
    '%s is mapped as it was copied in, by device and by mount',
    async (name) => {
      const program = `
      import { readFileSync } from 'node:fs';
      import { openDevice } from 'famfs';
      const [target, name, source] = process.argv.slice(2);
      const famfs = openDevice(target);
      const mapping = famfs.map(name, { populate: true });
      famfs.close();
      const expected = readFileSync(source);
      const { buffer } = mapping;
      console.log(buffer.equals(expected), buffer.buffer.byteLength, buffer.byteOffset, mapping.length);
      mapping.close();
      console.log(mapping.closed, buffer.every((byte) => byte === 0));
      console.log(openDevice(target).read(name, { offset: 4000000 }).equals(expected.subarray(4000000)));`;
      for (const target of [device, mount]) {
        const { stdout } = await run(program, [target, name, source]);
        expect(stdout).toBe(`true ${SIZE} 0 ${SIZE}\ntrue true\ntrue\n`);
      }
    },
  );

  test('one of 5 GiB is two Buffers, an empty one is one of no bytes', async () => {
    const program = `
      import { FileMapping, openDevice } from 'famfs';
      const famfs = openDevice(process.argv[2]);
      const mapping = famfs.map('large');
      console.log(mapping.buffers.length, mapping.buffers[0].length === FileMapping.PIECE_BYTES);
      console.log(mapping.buffers[0].length + mapping.buffers[1].length === mapping.length);
      console.log(mapping.buffers[1].readInt32LE(12345));
      try { mapping.buffer; } catch (error) { console.log(error.name, error.message.startsWith('large: ')); }
      try { famfs.read('large'); } catch (error) { console.log(error.name, error.message); }
      console.log(famfs.read('large', { offset: 2 ** 32, length: 10 }).length);
      console.log(famfs.map('empty').buffer.length, famfs.read('empty').length);`;
    const { stdout } = await run(program, [mount]);
    const refused = `large: ${5 * 1024 * MIB} bytes do not fit in a Buffer of ${4 * 1024 * MIB}: give offset and length`;
    expect(stdout).toBe(`2 true\ntrue\n0\nRangeError true\nRangeError ${refused}\n10\n0 0\n`);
  });

  test('what goes wrong is a FamfsError with a code, the same in both kinds of modules', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import { Famfs, FamfsError, openDevice } from 'famfs';
      console.log(createRequire(import.meta.url)('famfs').FamfsError === FamfsError);
      const famfs = openDevice(process.argv[2]);
      console.log(famfs instanceof Famfs);
      const code = (call) => {
        try { return call(); } catch (error) {
          return error instanceof FamfsError ? error.code : error.name;
        }
      };
      console.log(code(() => famfs.map('missing')), code(() => famfs.map('')), code(() => famfs.list('plain')));
      console.log(code(() => famfs.read('plain', { offset: -1 })), code(() => openDevice('/')));
      console.log(famfs.read('plain', { offset: 1e12 }).length);
      const mapping = famfs.map('plain');
      mapping.close();
      famfs.close();
      console.log(code(() => mapping.buffer), code(() => famfs.stat('')), code(() => famfs.close()));`;
    const { stdout } = await run(program, [mount]);
    expect(stdout).toBe(
      'true\ntrue\nnot-found source no-parent\nRangeError not-mounted\n0\nno-device no-device undefined\n',
    );
  });

  test('refresh takes up what was logged since; another file system is told', async () => {
    const program = `
      import { execFileSync } from 'node:child_process';
      import { openDevice } from 'famfs';
      const [famfsProgram, device, mount] = process.argv.slice(2);
      const famfs = openDevice(device);
      console.log(famfs.refresh().length, famfs.info.files);
      execFileSync(process.execPath, [famfsProgram, 'mkdir', '-p', mount + '/a/b']);
      console.log(famfs.refresh().map(({ path }) => path), famfs.refresh().length);
      execFileSync(process.execPath, [famfsProgram, 'umount', mount]);
      execFileSync(process.execPath, [famfsProgram, 'mkfs', '--force', '--no-sync', device]);
      try { famfs.refresh(); } catch (error) { console.log(error.code); }`;
    const other = await scratch.mountedDevice();
    const { stdout } = await run(program, [join(ROOT, 'bin/famfs'), other.device, other.mount]);
    expect(stdout).toBe("0 0\n[ 'a', 'a/b' ] 0\nbad-log\n");
  });

  test('a device that was cut short: map and read refuse', async () => {
    const short = await scratch.makeDevice();
    const program = `
      import { truncateSync } from 'node:fs';
      import { openDevice } from 'famfs';
      const famfs = openDevice(process.argv[2]);
      truncateSync(process.argv[2], 1e7);
      for (const call of [() => famfs.map('.meta/.superblock'), () => famfs.read('.meta/.log')]) {
        try { call(); } catch (error) { console.log(error.code); }
      }`;
    expect((await run(program, [short])).stdout).toBe('device-io\ndevice-io\n');
  });

  test('examples/arrow.mjs: columns of a table lie in the mapping', async () => {
    const example = readFileSync(join(ROOT, 'examples/arrow.mjs'), 'utf8');
    const env = { PATH: `${join(ROOT, 'bin')}:${process.env.PATH}` };
    const file = written('mjs', example);
    const { stdout } = await commandOk(process.execPath, [file, mount], { cwd: home, env });
    expect(stdout).toBe(
      '1000000 rows of id, square\nsquare of 1234: 1522756\n' +
        'id: in the shared memory\nsquare: in the shared memory\n',
    );
  });
});

test('typedoc has nothing to complain about', () => {
  const typedoc = join(ROOT, 'node_modules/typedoc/bin/typedoc');
  execFileSync(process.execPath, [typedoc, '--out', scratch.path('api')], { cwd: ROOT, stdio: 'pipe' });
});
