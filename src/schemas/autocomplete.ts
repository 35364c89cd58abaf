import { z } from 'zod';
import type { CompletionScript } from '../operations/completion';

export const AutocompleteSchema: z.ZodType<CompletionScript> = z.strictObject({
  shell: z.enum(['bash', 'zsh', 'fish']),
  script: z.string().describe('to be read by that shell'),
});
