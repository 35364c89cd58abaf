import { asOwner, inMount } from './create';
import { mountOfDevice, targetOf } from './mounts';
import { OwnerSession, type WriteOptions } from './owner-session';
import { type AddedDevice, entryOf, NewSecondaries } from './secondaries';

export interface AddOptions extends WriteOptions {
  /** Take devices that hold a file system, and destroy that. */
  readonly force?: boolean;
}

export interface AddResult {
  /** Path of the primary device. */
  readonly device: string;
  readonly added: readonly AddedDevice[];
}

/**
 * Makes devices part of a file system, given by its primary device or a directory of its mount, which goes on serving.
 * Each device's superblock is durable before its entry is logged.
 * Throws FamfsError as NewSecondaries.open and OwnerSession.open do, and `log-full`, with nothing written.
 */
export async function addDevices(
  target: string,
  paths: readonly string[],
  options: AddOptions,
): Promise<AddResult> {
  const place = targetOf(target);
  const work = (session: OwnerSession) => add(session, paths, options);
  if (place.mount) return inMount(place.mount, options, work);
  const mount = mountOfDevice(place.device);
  if (mount) return asOwner(mount, options, work);
  const session = await OwnerSession.open(place.device, options);
  try {
    return work(session);
  } finally {
    session.close();
  }
}

function add(session: OwnerSession, paths: readonly string[], options: AddOptions): AddResult {
  const { device, superblock } = session;
  const { records } = session.members;
  session.needRoom(paths.length);
  const of = { uuid: superblock.uuid, known: records.map(({ uuid }) => uuid) };
  const secondaries = new NewSecondaries(device, { ...options, of });
  try {
    secondaries.open(paths);
    const added = secondaries.write(superblock, records.length);
    session.commit(added.map(entryOf));
    return { device: device.path, added };
  } finally {
    secondaries.close();
  }
}
