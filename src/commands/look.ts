import { Args, Flags } from '@oclif/core';

/** What verbs that look at a file system are given. */
export const targetArg = Args.string({
  required: true,
  description: 'device, where it is mounted, or a path in a mount',
});

/** A path below the target. */
export const pathArg = Args.string({ description: 'path in it, from there' });

/** Sizes for people. */
export const humanFlag = Flags.boolean({
  char: 'h',
  description: 'show sizes as in 1.5 GiB, and not in bytes',
  default: false,
});
