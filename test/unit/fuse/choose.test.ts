import { chooseStrategy, isPrivileged, type MountFacts } from '../../../src/fuse/maps/choose';

const EVERYTHING = { minor: 47, flags: 0xffff_ffff_ffff_ffffn };
const facts = (more: Partial<MountFacts> = {}): MountFacts => ({
  fmap: 'auto',
  deviceKind: 'devdax',
  privileged: true,
  ...more,
});

test.each([
  ['auto, all there', EVERYTHING, facts(), 'extent-maps', 'FUSE 7.47 and offers FUSE_PASSTHROUGH'],
  ['auto, today', { ...EVERYTHING, minor: 46 }, facts(), 'plain', 'extent maps came with 7.47'],
  ['auto, no passthrough', { minor: 47, flags: 0n }, facts(), 'plain', 'does not offer FUSE_PASSTHROUGH'],
  ['auto, not root', EVERYTHING, facts({ privileged: false }), 'plain', 'needs CAP_SYS_ADMIN'],
  ['auto, a file', EVERYTHING, facts({ deviceKind: 'file' }), 'plain', 'the device is a file'],
  ['none', EVERYTHING, facts({ fmap: 'none' }), 'plain', 'fmap=none'],
  ['v4, offered', { ...EVERYTHING, minor: 46 }, facts({ fmap: 'v4' }), 'fmap-v4', 'fmap=v4'],
  ['v4, not offered', { minor: 46, flags: ~(1n << 43n) }, facts({ fmap: 'v4' }), 'plain', 'does not offer'],
  ['v4, a file', EVERYTHING, facts({ fmap: 'v4', deviceKind: 'file' }), 'plain', 'the device is a file'],
] as const)('%s', (_what, offer, mount, strategy, reason) => {
  expect(chooseStrategy(offer, mount)).toEqual({ strategy, reason: expect.stringContaining(reason) });
});

test('root has CAP_SYS_ADMIN where these tests run, others have not', () => {
  if (process.geteuid?.() !== 0) expect(isPrivileged()).toBe(false);
  else expect(typeof isPrivileged()).toBe('boolean');
});
