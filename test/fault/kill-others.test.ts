import { readFileSync, statSync } from 'node:fs';
import { logCapacity, MIB } from '../../src/log/layout';
import type { CheckReport } from '../../src/operations/check';
import { GIB, makeImage, mkdir, writeImage } from '../support/images';
import { famfs, famfsOk } from '../support/run';
import { readOnDevice } from '../support/run-device';
import { codesOf, expectClean } from '../support/run-expect';
import { exists } from '../support/run-files';
import { duration, killedAfter, moments } from '../support/run-kill';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();

describe('on a mounted file system', () => {
  let mount: string;

  beforeAll(async () => {
    ({ mount } = await scratch.mountedDevice('64g'));
  });

  test('a killed mkdir -p leaves all of its directories or none', async () => {
    const total = await duration(() => famfs(['mkdir', '-p', `${mount}/first/a/b/c/d`]));
    const seen = new Set<boolean>();
    for (const [round, moment] of moments(30, total, 31).entries()) {
      const path = `${mount}/round${round}`;
      await killedAfter(moment, ['mkdir', '-p', `${path}/a/b/c/d`]);
      const made = exists(path);
      expect(exists(`${path}/a/b/c/d`)).toBe(made);
      seen.add(made);
      await expectClean(mount);
      await famfsOk(['mkdir', '--no-sync', '-p', `${path}/a/b/c/d`]);
    }
    expect(seen.has(false)).toBe(true);
  });

  test('a killed creat leaves a file that is whole or none', async () => {
    const total = await duration(() => famfs(['creat', '-s', '9m', `${mount}/whole`]));
    for (const [round, moment] of moments(30, total, 32).entries()) {
      const path = `${mount}/file${round}`;
      await killedAfter(moment, ['creat', '-s', '9m', path]);
      await expectClean(mount);
      if (exists(path)) expect(statSync(path).size).toBe(9 * MIB);
      await famfsOk(['creat', '--no-sync', '-s', '9m', path]);
      expect(readFileSync(path).equals(Buffer.alloc(9 * MIB))).toBe(true);
    }
  });
});

describe('mkfs over an old file system', () => {
  const logLength = 64 * MIB;
  const entries = Array.from({ length: 40_000 }, (_, index) => mkdir(`d${index}`));
  const image = makeImage({ deviceSize: 8 * GIB, logLength, entries });

  test('killed leaves no file system, or the old one, or the new one, each sound', async () => {
    const device = scratch.path('old.img');
    writeImage(device, image);
    const old = readOnDevice(device).superblock.uuid;
    const args = ['mkfs', '--force', '--loglen', '64m', device];
    const total = await duration(() => famfs(args));
    for (const moment of moments(30, total, 33)) {
      writeImage(device, image);
      await killedAfter(moment, args);
      const sound = await soundOrNone(device);
      if (sound) {
        const expected = sound.uuid === old ? entries.length : 0;
        expect(sound.contents).toMatchObject({ entries: expected, capacity: logCapacity(logLength) });
      }
      await famfsOk(args);
      expect((await expectClean(device)).contents?.entries).toBe(0);
    }
  });

  test('--kill killed leaves it or none', async () => {
    const device = scratch.path('kill.img');
    writeImage(device, image);
    const args = ['mkfs', '--kill', '--force', device];
    const total = await duration(() => famfs(args));
    for (const moment of moments(10, total, 34)) {
      writeImage(device, image);
      await killedAfter(moment, args);
      const sound = await soundOrNone(device);
      if (sound) expect(sound.contents?.entries).toBe(entries.length);
    }
  });
});

/** The report on a device, on which nothing may be wrong; undefined where there is no file system. */
async function soundOrNone(device: string): Promise<CheckReport | undefined> {
  const report = (await famfs(['fsck', '--json', device])).json<CheckReport>();
  const none = report.findings[0]?.code === 'sb-magic';
  expect(codesOf(report.findings)).toEqual(none ? ['sb-magic'] : []);
  return none ? undefined : report;
}
