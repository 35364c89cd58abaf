import { Flags } from '@oclif/core';

/** The flag of verbs that may switch the mode of their device. */
export const daxModeFlag = {
  'set-daxmode': Flags.option({ options: ['devdax'] as const })({
    description:
      'switch a DAX device that is in another mode to this one first, and back if this fails (root alone)',
  }),
};
