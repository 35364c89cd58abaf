import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FINDINGS, LISTED_OF_A_CODE } from '../../../src/log/findings';
import { logCapacity, MIB } from '../../../src/log/layout';
import { check } from '../../../src/operations/check';
import { deviceMap } from '../../../src/operations/device-map';
import { file, makeImage, mkdir, Space, setCounters, writeImage } from '../../support/images';

/** Logs in which more is wrong than anybody reads, or memory holds. */

let directory: string;
let device: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-many-'));
  device = join(directory, 'device');
});

afterEach(() => rmSync(directory, { recursive: true }));

test('a log of empty entries is counted, and the first of its findings listed', async () => {
  const logLength = 64 * MIB;
  const image = makeImage({ logLength, entries: [] });
  setCounters(image, logCapacity(logLength));
  writeImage(device, image);
  const { errors, findings, unlisted, warnings } = await check(device);
  expect({ errors, warnings }).toEqual({ errors: logCapacity(logLength), warnings: 0 });
  expect(findings.map(({ entry }) => entry)).toEqual(Array.from({ length: LISTED_OF_A_CODE }, (_, i) => i));
  expect(unlisted).toBe(errors - LISTED_OF_A_CODE);
});

test('of two kinds, the rare one is listed whole, whatever the number of the other', async () => {
  const logLength = 64 * MIB;
  const bad = logCapacity(logLength) - 1;
  const image = makeImage({ logLength, entries: [mkdir('control\u0001')] });
  setCounters(image, bad + 1);
  writeImage(device, image);
  const { errors, findings, warnings } = await check(device);
  expect({ errors, warnings }).toEqual({ errors: bad, warnings: 1 });
  expect(findings.filter(({ code }) => FINDINGS[code].severity === 'warning')).toHaveLength(1);
});

test('files that all share their space are counted, and do not overflow the stack', async () => {
  const count = 150_000;
  const logLength = 128 * MIB;
  const at = new Space({ logLength }).simple(1);
  const entries = Array.from({ length: count }, (_, i) => file(`f${i}`, 1, at));
  writeImage(device, makeImage({ logLength, entries }));
  const { errors, findings, unlisted } = await check(device);
  expect({ errors, listed: findings.length, unlisted }).toEqual({
    errors: count - 1,
    listed: LISTED_OF_A_CODE,
    unlisted: count - 1 - LISTED_OF_A_CODE,
  });
  expect((await deviceMap(device)).problems).toHaveLength(LISTED_OF_A_CODE);
});
