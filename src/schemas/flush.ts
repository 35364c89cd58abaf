import { z } from 'zod';
import type { FlushResult } from '../operations/flush';
import { Count, PathFailures } from './shared';

export const FlushSchema: z.ZodType<FlushResult> = z.strictObject({
  files: z.array(z.strictObject({ path: z.string(), size: Count })),
  failures: PathFailures,
});
