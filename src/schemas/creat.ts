import { z } from 'zod';
import type { CreatResult } from '../operations/creat';
import { Count, FileMapSchema, PathFailures, Seed } from './shared';

export const CreatSchema: z.ZodType<CreatResult> = z.strictObject({
  files: z.array(
    z.strictObject({
      path: z.string().describe('relative to the mount point'),
      size: Count,
      map: FileMapSchema,
      created: z.boolean().describe('false when it was there with this size already'),
      seed: z.exactOptional(Seed),
    }),
  ),
  failures: PathFailures,
});
