import { z } from 'zod';
import type { MountStatus } from '../operations/status';
import { StatusReport } from '../server-contract';
import { Count, FailureSchema } from './shared';

const Mount: z.ZodType<MountStatus> = z.strictObject({
  directory: z.string(),
  device: z.string(),
  readOnly: z.boolean(),
  uid: Count.describe('of the user who mounted it'),
  server: z.exactOptional(StatusReport),
  absent: z
    .exactOptional(
      z.strictObject({
        files: Count.describe('that need one of the devices that cannot be used'),
        paths: z.array(z.string()).max(100).describe('of the first of them'),
      }),
    )
    .describe('where secondary devices cannot be used'),
  failure: z.exactOptional(FailureSchema.shape.error.omit({ exitStatus: true })),
});

export const StatusSchema: z.ZodType<{ mounts: MountStatus[] }> = z.strictObject({ mounts: z.array(Mount) });
