import { Flags } from '@oclif/core';

type Letter = NonNullable<NonNullable<Parameters<typeof Flags.boolean>[0]>['char']>;

/**
 * A flag of the reference implementation that is taken, so that its command lines work here, and has no effect. No help
 * shows it; docs/FROM-THE-REFERENCE.md does, with `why` there is nothing for it to do.
 */
export function noEffect(why: string, char?: Letter) {
  return Flags.boolean({ description: why, hidden: true, ...(char === undefined ? {} : { char }) });
}

/** `-v` of verbs that tell all there is to tell. */
export const verboseFlag = { verbose: noEffect('what was done is told anyway', 'v') };

/** `-M` of verbs whose `--set-daxmode` is another one. */
export const daxmodeLetter = {
  daxmode: noEffect('the device is used in the mode devdax; --set-daxmode devdax switches it', 'M'),
};

/** Ways to get at a device that is not mounted. */
export const accessFlags = {
  fuse: noEffect('devices are read and written directly'),
  nofuse: noEffect('devices are read and written directly'),
  nodax: noEffect('devices are read and written directly', 'D'),
};

/** Ways to read superblock and log. */
export const readingFlags = {
  mmap: noEffect('how superblock and log are read is up to the kind of device', 'm'),
  read: noEffect('how superblock and log are read is up to the kind of device', 'r'),
};
