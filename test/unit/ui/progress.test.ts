import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { type ProgressState, progressLine, startProgress } from '../../../src/ui/progress';
import { RateMeter } from '../../../src/ui/rate';
import { widthOf } from '../../../src/ui/text';

const MIB = 2 ** 20;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** A stream that takes itself for a terminal, and what was written to it. */
function fakeTerminal(columns = 100): { stream: NodeJS.WriteStream; written: () => string } {
  const sink = new PassThrough();
  const chunks: string[] = [];
  sink.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  const { clearLine, cursorTo, moveCursor } = WriteStream.prototype;
  const stream = Object.assign(sink, { isTTY: true, columns, rows: 24, clearLine, cursorTo, moveCursor });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => chunks.join('') };
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const environment = process.env;

beforeEach(() => {
  process.env = { ...environment, TERM: 'xterm' };
  delete process.env.CI;
  delete process.env.FORCE_COLOR;
  delete process.env.NO_COLOR;
});

afterEach(() => {
  process.env = environment;
});

describe('startProgress', () => {
  test('draws what is done, then one line that stays, and gives the cursor back', async () => {
    const { stream, written } = fakeTerminal();
    const progress = await startProgress({ label: 'Copying', totalBytes: 4 * MIB, stream });
    await pause(120);
    progress.advance(MIB, 'data/file.bin');
    expect(written()).toContain(HIDE_CURSOR);
    expect(written()).toContain('Copying  data/file.bin  1.0 MiB / 4.0 MiB (25 %)');
    expect(written()).not.toContain(SHOW_CURSOR);
    progress.succeed('Copied 1 file');
    const end = written();
    expect(end).toMatch(/✔.* Copied 1 file\n$/);
    expect(end.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(end.lastIndexOf(HIDE_CURSOR));
    progress.succeed('again');
    progress.stop();
    progress.advance(MIB);
    expect(written()).toBe(end);
  });

  test('stop gives the cursor back and leaves no line', async () => {
    const { stream, written } = fakeTerminal();
    const progress = await startProgress({ label: 'Copying', totalBytes: 4 * MIB, stream });
    progress.stop();
    expect(written().endsWith(SHOW_CURSOR)).toBe(true);
    expect(written()).not.toContain('\n');
  });

  test('draws about ten times a second, however often it is told', async () => {
    const { stream, written } = fakeTerminal();
    const progress = await startProgress({ label: 'Copying', totalBytes: 2 ** 40, stream });
    for (let chunk = 0; chunk < 10_000; chunk += 1) progress.advance(MIB);
    progress.stop();
    const lines = new Set(written().match(/[\d.]+ \w+ \/ 1.0 TiB/g));
    expect(lines.size).toBeLessThan(20);
  });

  test.each([
    ['no terminal', () => ({ stream: new PassThrough() as unknown as NodeJS.WriteStream })],
    [
      'no terminal, though enabled',
      () => ({ stream: new PassThrough() as unknown as NodeJS.WriteStream, enabled: true }),
    ],
    ['a terminal without a width', () => ({ stream: fakeTerminal(0).stream })],
    ['told to be quiet', () => ({ stream: fakeTerminal().stream, enabled: false })],
  ])('is silent with %s', async (_, optionsFor) => {
    const options = optionsFor();
    const write = jest.spyOn(options.stream, 'write');
    const progress = await startProgress({ label: 'Copying', totalBytes: MIB, ...options });
    await pause(120);
    progress.advance(MIB, 'name');
    progress.succeed('done');
    progress.stop();
    expect(write).not.toHaveBeenCalled();
  });

  test.each([
    ['CI', '1'],
    ['TERM', 'dumb'],
  ])('is silent with %s=%s', async (name, value) => {
    process.env[name] = value;
    const { stream, written } = fakeTerminal();
    (await startProgress({ label: 'Copying', totalBytes: MIB, stream })).succeed('done');
    expect(written()).toBe('');
  });
});

describe('progressLine', () => {
  const state: ProgressState = {
    label: 'Copying',
    name: 'data/2024/measurements/station-0042.parquet',
    doneBytes: 1.2 * 2 ** 30,
    totalBytes: 4 * 2 ** 30,
    bytesPerSecond: 1.1 * 2 ** 30,
  };

  test('shows everything where there is room', () => {
    expect(progressLine(state, 200)).toBe(
      `Copying  ${state.name}  1.2 GiB / 4.0 GiB (30 %)  1.1 GiB/s  3 s left`,
    );
  });

  test.each([
    [90, 'Copying  data/2024/measur…tion-0042.parquet  1.2 GiB / 4.0 GiB (30 %)  1.1 GiB/s  3 s left'],
    [60, 'Copying  1.2 GiB / 4.0 GiB (30 %)  1.1 GiB/s  3 s left'],
    [48, 'Copying  1.2 GiB / 4.0 GiB (30 %)  1.1 GiB/s'],
    [36, 'Copying  1.2 GiB / 4.0 GiB (30 %)'],
    [20, 'Copying  1.2 GiB / 4.0 GiB (30 %)'],
  ])('drops what has no room in %d columns', (columns, line) => {
    expect(progressLine(state, columns)).toBe(line);
  });

  test('fills the width and no more', () => {
    for (let columns = 33; columns < 120; columns += 1) {
      expect(widthOf(progressLine(state, columns))).toBeLessThanOrEqual(columns);
    }
  });

  test('a name cannot control the terminal', () => {
    expect(progressLine({ ...state, name: 'a\u001b[2Jb\nc' }, 200)).toContain('  a\\x1b[2Jb\\x0ac  ');
  });

  test('tells no time before there is a rate, and 100 % only at the end', () => {
    const slow = { ...state, bytesPerSecond: 0, name: '' };
    expect(progressLine({ ...slow, doneBytes: 4 * 2 ** 30 - 1 }, 80)).toBe(
      'Copying  4.0 GiB / 4.0 GiB (99 %)',
    );
    expect(progressLine({ ...slow, totalBytes: 0, doneBytes: 0 }, 80)).toBe('Copying  0 B / 0 B (100 %)');
  });
});

describe('RateMeter', () => {
  test('starts with the first sample and follows a change slowly', () => {
    const meter = new RateMeter();
    expect(meter.bytesPerSecond).toBe(0);
    meter.sample(10, 0.1);
    expect(meter.bytesPerSecond).toBe(100);
    meter.sample(20, 0.1);
    expect(meter.bytesPerSecond).toBeGreaterThan(100);
    expect(meter.bytesPerSecond).toBeLessThan(110);
    for (let second = 0; second < 30; second += 1) meter.sample(200, 1);
    expect(meter.bytesPerSecond).toBeCloseTo(200, 1);
  });
});
