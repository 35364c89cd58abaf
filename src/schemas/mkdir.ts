import { z } from 'zod';
import type { MkdirResult } from '../operations/mkdir';
import { PathFailures } from './shared';

export const MkdirSchema: z.ZodType<MkdirResult> = z.strictObject({
  created: z.array(z.string()).describe('relative to the mount point'),
  failures: PathFailures,
});
