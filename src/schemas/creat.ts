import { z } from 'zod';
import type { CreatResult } from '../operations/create';
import { Count, FileMapSchema } from './shared';

export const CreatSchema: z.ZodType<CreatResult> = z.strictObject({
  path: z.string().describe('relative to the mount point'),
  size: Count,
  map: FileMapSchema,
  created: z.boolean().describe('false when it was there with this size already'),
});
