import { z } from 'zod';
import type { AddResult } from '../operations/device-add';
import type { DeviceList } from '../operations/device-list';
import type { DeviceScan } from '../operations/device-scan';
import type { AddedDevice } from '../operations/secondaries';
import { Count, LISTED_DEVICE } from './shared';

export const AddedDeviceSchema: z.ZodType<AddedDevice> = z.strictObject({
  index: Count.describe('as in maps of files; the primary device is 0'),
  uuid: z.guid(),
  device: z.string(),
  size: Count.describe('bytes'),
});

export const DeviceAddSchema: z.ZodType<AddResult> = z.strictObject({
  device: z.string().describe('the primary device'),
  added: z.array(AddedDeviceSchema),
});

export const DeviceListSchema: z.ZodType<DeviceList> = z.strictObject({
  uuid: z.string().describe('of the file system'),
  devices: z.array(z.strictObject(LISTED_DEVICE)),
});

export const DeviceScanSchema: z.ZodType<DeviceScan> = z.strictObject({
  devices: z.array(
    z.strictObject({
      path: z.string(),
      role: z.enum(['primary', 'secondary', 'damaged', 'empty', 'unreadable']),
      size: z.exactOptional(Count),
      uuid: z.exactOptional(z.string()).describe('of the file system'),
      deviceUuid: z.exactOptional(z.string()),
      detail: z.exactOptional(z.string()).describe('why it cannot be read'),
    }),
  ),
});
