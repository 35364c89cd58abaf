import { Flags } from '@oclif/core';
import type { Ownership, Takeover } from '../operations/owner';
import { BaseCommand, defined, lockFlag, syncFlag } from './base';
import { targetArg } from './look';

export default class Owner extends BaseCommand {
  static override summary = 'Tell which host owns a file system, or take it over from one that is dead.';
  static override description =
    `The owner alone adds files. It is told by its system UUID, and by its name where /opt/famfs/hosts has a line "UUID NAME" for it.
With --take --force this host becomes the owner. An owner that is alive finds out at its next write to the log and ends with an error, but what both write at that very moment is lost: make sure that it is down, or runs no famfs.`;
  static override examples = [
    '<%= config.bin %> owner /dev/dax0.0',
    '<%= config.bin %> owner --take --force /dev/dax0.0',
  ];
  static override args = { target: targetArg };
  static override flags = {
    take: Flags.boolean({ description: 'make this host the owner' }),
    force: Flags.boolean({
      char: 'f',
      description: 'take it from another host, which must be down or run no famfs',
      dependsOn: ['take'],
    }),
    ...syncFlag,
    ...lockFlag,
  };

  async run(): Promise<Ownership | Takeover> {
    const { args, flags } = await this.parse(Owner);
    const { showOwner, takeOwnership } = await import('../operations/owner');
    if (!flags.take) {
      const shown = showOwner(args.target);
      if (!this.jsonEnabled()) {
        const { describeOwner } = await import('../ui/owner-text');
        this.log(describeOwner(shown));
      }
      return shown;
    }
    const { force, 'no-sync': noSync } = flags;
    const taken = await takeOwnership(args.target, {
      ...defined({ force, noSync }),
      ...this.lockOptions(flags),
    });
    await this.#tellTaken(taken);
    return taken;
  }

  async #tellTaken({ device, formerOwnerUuid, formerOwnerWrites, remount, taken }: Takeover): Promise<void> {
    if (!taken) return this.say(`${device}: owned by this host already`);
    const former = formerOwnerUuid === undefined ? '' : `, and no more by ${formerOwnerUuid}`;
    this.say(`${device}: owned by this host now${former}`);
    for (const directory of remount)
      this.say(`${directory}: files here may be written as before until it is unmounted and mounted again`);
    if (formerOwnerWrites)
      await this.warnLine(
        `${device}: the former owner is alive and wrote to the log meanwhile: stop it, then run famfs fsck`,
      );
  }
}
