import { FINDINGS } from '../../src/log/findings';
import { MIB } from '../../src/log/layout';
import { writeImage } from '../support/images';
import { DAMAGED_IMAGES } from '../support/images-damaged';
import { damagedDevice, readRange } from '../support/run-device';
import { codesOf, fsck } from '../support/run-expect';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();

describe('every kind of damage', () => {
  test.each(DAMAGED_IMAGES.map(({ name, codes, make }) => [name, codes, make] as const))(
    '%s is reported',
    async (_name, codes, make) => {
      const device = scratch.path('device.img');
      writeImage(device, make());
      const failing = codes.some((code) => FINDINGS[code].severity === 'error');
      const { errors, findings, warnings } = await fsck(device, failing ? 4 : 0);
      // The second device that the log names is that of the sound images.
      const besides = ['ext-overlap', 'dev-missing', 'dev-foreign'];
      const others = findings.filter(({ code }) => !besides.includes(code));
      expect(new Set(codesOf(others))).toEqual(new Set(codes));
      expect(errors + warnings).toBe(findings.length);
      for (const found of findings) expect(found.severity).toBe(FINDINGS[found.code].severity);
    },
  );

  test('reports are the same however often they are asked for, and change nothing', async () => {
    const device = damagedDevice(scratch, 'file with everything wrong');
    const before = readRange(device, 0, 10 * MIB);
    const once = await fsck(device, 4);
    expect(await fsck(device, 4)).toEqual(once);
    expect(readRange(device, 0, 10 * MIB).equals(before)).toBe(true);
  });
});
