import { openDevice } from '../device/open';
import { FamfsError } from '../errors';
import { SUPERBLOCK_REGION } from '../log/layout';
import { identify } from '../log/secondary';
import { readSuperblockBytes } from '../log/superblock';
import { daxPaths, devicesInEnvironment, noteHint } from '../members/candidates';

/** What a device turned out to be. Sizes in bytes. */
export interface ScannedDevice {
  readonly path: string;
  readonly role: 'primary' | 'secondary' | 'damaged' | 'empty' | 'unreadable';
  readonly size?: number;
  /** Of the file system. */
  readonly uuid?: string;
  readonly deviceUuid?: string;
  readonly detail?: string;
}

export interface DeviceScan {
  readonly devices: ScannedDevice[];
}

/**
 * Looks at the devices at `given`, at those in FAMFS_DEVICES and at all DAX devices of this host, and notes where
 * secondary ones are, so that other verbs find them there.
 */
export function scanDevices(given: readonly string[]): DeviceScan {
  const paths = new Set([...given, ...devicesInEnvironment(), ...daxPaths()]);
  return { devices: [...paths].map(scan) };
}

function scan(path: string): ScannedDevice {
  try {
    const device = openDevice(path, { writable: false });
    try {
      const { deviceUuid, role, uuid } = identify(readSuperblockBytes(device));
      if (role === 'secondary' && device.size > SUPERBLOCK_REGION) noteHint(deviceUuid, device.path);
      const known = role === 'primary' || role === 'secondary' ? { uuid, deviceUuid } : {};
      return { path: device.path, role, size: device.size, ...known };
    } finally {
      device.close();
    }
  } catch (error) {
    if (error instanceof FamfsError) return { path, role: 'unreadable', detail: error.message };
    throw error;
  }
}
