import { z } from 'zod';

export const MkmetaSchema: z.ZodType<{ needed: false }> = z.strictObject({
  needed: z.literal(false).describe('a mount shows .meta by itself'),
});
