import type { Device } from '../device/device';

/** Stores bytes and waits until they are durable, and visible to other hosts. */
export function storeDurably(device: Device, offset: number, bytes: Buffer): void {
  device.store(offset, bytes);
  device.flush(offset, bytes.length);
  device.fence();
}
