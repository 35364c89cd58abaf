import { famfsOk } from './run';
import type { Scratch } from './run-scratch';

/** MiB of the files that filledDevices() makes; f0 to f2 lie on a device each, and striped has a strip on each. */
export const FILLED = { f0: 30, f1: 20, f2: 10, striped: 24 } as const;

/**
 * Makes a file system over three new sparse files of 4 GiB, with the files of FILLED and nothing mounted at the end.
 * Returns the paths of the devices by their index.
 */
export async function filledDevices(scratch: Scratch): Promise<[string, string, string]> {
  const names = [0, 1, 2].map(() => scratch.path(`${scratch.unique('device')}.img`));
  const paths = names as [string, string, string];
  await famfsOk(['mkfs', '--no-sync', '--create', '4g', ...paths]);
  const mount = await scratch.mounted(paths[0]);
  for (const [name, mib] of Object.entries(FILLED)) {
    const how = name === 'striped' ? ['-N', '3'] : ['--policy', 'spread'];
    await famfsOk(['creat', '--no-sync', ...how, '-s', `${mib}m`, `${mount}/${name}`]);
  }
  await famfsOk(['umount', mount]);
  return paths;
}
