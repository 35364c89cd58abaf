import { setTimeout as sleep } from 'node:timers/promises';
import type { Device } from '../device/device';
import { describeHost, hostName } from '../device/host-names';
import { openDevice } from '../device/open';
import { ensureSystemUuid, systemUuid } from '../device/system-uuid';
import { FamfsError } from '../errors';
import { readCounters } from '../log/header';
import { findSuperblock, isHalfTaken, loadSuperblock, type Superblock, storeOwner } from '../log/superblock';
import type { Role } from './check';
import { checkIsMounted, mountsOfDevice, targetOf } from './mounts';
import { lockDevice, type WriteOptions } from './owner-session';
import { openTarget } from './view';

/** Who owns a file system, and what this host is to it. */
export interface Ownership {
  readonly device: string;
  /** Of the file system. */
  readonly uuid: string;
  /** The owner's system UUID. */
  readonly ownerUuid: string;
  /** The owner's name in /opt/famfs/hosts. */
  readonly ownerName?: string;
  /** This host's system UUID, if it has one. */
  readonly systemUuid?: string;
  readonly role: Role;
}

/** What taking a file system over came to. */
export interface Takeover extends Ownership {
  /** False when this host owned it already. */
  readonly taken: boolean;
  /** Not known where a takeover that was cut off is made whole. */
  readonly formerOwnerUuid?: string;
  /** True when something was logged while it was taken: the former owner writes. */
  readonly formerOwnerWrites: boolean;
  /** Mounts of this host: what it may write in files, they learn when they are mounted again. */
  readonly remount: string[];
}

export interface TakeOptions extends WriteOptions {
  /** Take it from another host. */
  readonly force?: boolean;
}

/** A former owner that is alive, and between two steps of an append, goes on within this time, or finds out. */
const GRACE_MS = 1000;

/** Tells who owns a file system. Throws what opening a target throws. */
export function showOwner(target: string): Ownership {
  const { device, superblock } = openTarget(target);
  device.close();
  return ownership(device, superblock, systemUuid());
}

/**
 * Makes this host the owner, whoever is it now. One that it owns already is left as it is.
 * Throws FamfsError `usage` without `force` where another host is the owner, `owner-changed` when yet another host took
 * it at the same time, and what opening, locking and writing a device throws.
 */
export async function takeOwnership(target: string, options: TakeOptions): Promise<Takeover> {
  const { device: path, mount } = targetOf(target);
  const here = ensureSystemUuid();
  const device = openDevice(path, { writable: true, noSync: options.noSync ?? false });
  try {
    await lockDevice(device, options);
    const found = findSuperblock(device);
    const halfTaken = isHalfTaken(found, here);
    const before = halfTaken ? found.superblock : loadSuperblock(device);
    if (mount) checkIsMounted(mount, before);
    const former = halfTaken ? {} : { formerOwnerUuid: before.ownerUuid };
    if (before.ownerUuid === here && !halfTaken)
      return {
        ...ownership(device, before, here),
        ...former,
        taken: false,
        formerOwnerWrites: false,
        remount: [],
      };
    if (!options.force) throw needsForce(device, before);
    const counted = readCounters(device).nextIndex;
    storeOwner(device, found.bytes, here);
    await sleep(GRACE_MS);
    return {
      ...ownership(device, stillOwned(device, here), here),
      ...former,
      taken: true,
      formerOwnerWrites: readCounters(device).nextIndex !== counted,
      remount: mountsOfDevice(device.path).map(({ directory }) => directory),
    };
  } finally {
    device.close();
  }
}

function ownership(device: Device, { ownerUuid, uuid }: Superblock, here: string | undefined): Ownership {
  const name = hostName(ownerUuid);
  return {
    device: device.path,
    uuid,
    ownerUuid,
    ...(name === undefined ? {} : { ownerName: name }),
    ...(here === undefined ? {} : { systemUuid: here }),
    role: ownerUuid === here ? 'owner' : 'client',
  };
}

function stillOwned(device: Device, here: string): Superblock {
  const superblock = loadSuperblock(device);
  if (superblock.ownerUuid === here) return superblock;
  throw new FamfsError(
    'owner-changed',
    `${device.path}: ${describeHost(superblock.ownerUuid)} took it over at the same time, and is the owner`,
    'have one host take it over',
  );
}

function needsForce(device: Device, { ownerUuid }: Superblock): FamfsError {
  return new FamfsError(
    'usage',
    `${device.path}: is owned by ${describeHost(ownerUuid)}; if that host is alive and writes while it is taken over, files are lost`,
    'make sure that it is down or runs no famfs, then add --force',
  );
}
