import { z } from 'zod';
import type { UnmountResult } from '../operations/unmount';

export const UmountSchema: z.ZodType<UnmountResult> = z.strictObject({
  device: z.string(),
  directory: z.string(),
});
