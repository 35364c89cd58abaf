import { z } from 'zod';
import type { DeviceMap } from '../operations/device-map';
import { FindingSchema, SpaceSchema } from './fsck';
import { Count, LISTED_DEVICE } from './shared';

export const MapSchema: z.ZodType<DeviceMap> = z.strictObject({
  device: z.string().describe('the primary one'),
  mountedOn: z.exactOptional(z.string()),
  devices: z
    .array(
      z.strictObject({
        ...LISTED_DEVICE,
        space: SpaceSchema,
        runs: z
          .array(
            z.strictObject({
              kind: z.enum(['superblock', 'log', 'file', 'shared', 'free']),
              offset: Count.describe('bytes from the start of the device'),
              length: Count.describe('bytes'),
              entry: z
                .exactOptional(Count)
                .describe('log entry of the file, or of the first of those that share it'),
              part: z.exactOptional(Count).describe('which extent or strip of the file'),
            }),
          )
          .describe('what lies where, from the first byte of the device to the last'),
      }),
    )
    .describe('by what the log says, so that one that is missing is here too'),
  space: SpaceSchema.describe('of all devices that can be used'),
  files: z.array(
    z.strictObject({
      entry: Count.describe('index of the log entry'),
      path: z.string(),
      bytes: Count.describe('bytes that its extents take, on all devices'),
      parts: Count.describe('extents or strips'),
      interleaved: z.boolean(),
    }),
  ),
  problems: z.array(FindingSchema),
});
