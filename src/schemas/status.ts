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
  failure: z.exactOptional(FailureSchema.shape.error.omit({ exitStatus: true })),
});

export const StatusSchema: z.ZodType<{ mounts: MountStatus[] }> = z.strictObject({ mounts: z.array(Mount) });
