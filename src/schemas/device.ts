import { z } from 'zod';
import type { AddResult } from '../operations/device-add';
import type { DeviceList } from '../operations/device-list';
import type { DeviceScan } from '../operations/device-scan';
import type { AddedDevice } from '../operations/secondaries';
import { Count } from './shared';

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
  devices: z.array(
    z.strictObject({
      index: Count,
      uuid: z.string(),
      size: Count.describe('bytes, as the log has them; of the primary device, its own'),
      path: z
        .exactOptional(z.string())
        .describe('where it was found on this host, or what was found in its place'),
      trouble: z
        .exactOptional(z.enum(['missing', 'damaged', 'foreign', 'truncated']))
        .describe('why it cannot be used'),
      detail: z.exactOptional(z.string()),
    }),
  ),
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
