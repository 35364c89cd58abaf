import { z } from 'zod';
import type { MkdirResult } from '../operations/create';

export const MkdirSchema: z.ZodType<MkdirResult> = z.strictObject({
  created: z.array(z.string()).describe('relative to the mount point'),
});
