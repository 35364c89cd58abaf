import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { CheckReport } from '../operations/check';
import type { Repair, RepairOptions, RepairReport } from '../operations/repair';
import { BaseCommand, defined, deviceFlag, lockFlag } from './base';
import { accessFlags, noEffect, readingFlags, verboseFlag } from './reference-flags';

type Checked = CheckReport & { readonly repair?: Repair };

/** Bits of fsck(8), which are added up. */
const CORRECTED = 1;
const ERRORS_LEFT = 4;

export default class Fsck extends BaseCommand {
  static override summary = 'Check a file system, mounted or not, and repair its log header.';
  static override description =
    `Reads superblock, log header and every log entry, checks each field, and that no two files share space. Changes nothing unless told to repair.
With --repair, on the owner and unmounted: shows what can be put right without a guess, asks, saves superblock and log in a file, and then changes the log header alone. Counters that run past the last entry that can be read are lowered to it, and what the header repeats of the superblock is written again. Entries are never changed: for what is wrong with these, the commands that copy the files out are told.
Exit status: 0 clean (or warnings alone), 1 all errors corrected, 4 errors left, 5 some corrected and some left, 8 could not check or repair, 16 usage or device mounted, 32 interrupted.`;
  static override examples = [
    '<%= config.bin %> fsck /dev/dax0.0',
    '<%= config.bin %> fsck --json /mnt/famfs',
    '<%= config.bin %> fsck --strict /tmp/device.img',
    '<%= config.bin %> fsck --repair --dry-run /dev/dax0.0',
    '<%= config.bin %> fsck --repair --yes --backup before.backup /tmp/device.img',
  ];
  static override args = {
    target: Args.string({ required: true, description: 'device, or where it is mounted' }),
  };
  static override flags = {
    strict: Flags.boolean({ description: 'count warnings as errors' }),
    repair: Flags.boolean({ description: 'put right what needs no guess; the device must not be mounted' }),
    'dry-run': Flags.boolean({
      char: 'n',
      description: 'change nothing; with --repair, show what would be changed',
      exclusive: ['yes', 'preen'],
    }),
    yes: Flags.boolean({ char: 'y', description: 'repair, as --repair, without asking' }),
    preen: Flags.boolean({
      char: 'p',
      charAliases: ['a'],
      description: 'repair, as --repair, without asking, and only where no entry is given up or appears',
      exclusive: ['yes'],
    }),
    backup: Flags.string({
      description: 'new file to save superblock and log in (default famfs-UUID-TIME.backup here)',
      helpValue: 'FILE',
    }),
    human: noEffect('sizes are always shown as in 1.5 GiB', 'h'),
    force: noEffect('a mounted file system is checked by its mount point', 'f'),
    ...deviceFlag,
    ...lockFlag,
    ...verboseFlag,
    ...readingFlags,
    ...accessFlags,
    'set-daxmode': noEffect('the device is used in the mode devdax', 'M'),
    fuse: noEffect('devices are read and written directly', 'F'),
    'load-module': noEffect('no kernel module is needed', 'L'),
  };
  protected override readonly family = 'fsck';
  #planTold = false;

  async run(): Promise<Checked> {
    const { args, flags } = await this.parse(Fsck);
    const { backup, device: devices = [], 'dry-run': dryRun, preen, yes } = flags;
    const repairs = flags.repair || yes || preen;
    if (backup !== undefined && !repairs) throw new FamfsError('usage', '--backup goes with --repair');
    const report: Checked = repairs
      ? await this.#repair(
          args.target,
          { devices, dryRun, onlySafe: preen, ...defined({ backup }), ...this.lockOptions(flags) },
          yes || preen,
        )
      : await this.#check(args.target, devices);
    if (!this.jsonEnabled()) await this.#tell(report);
    await this.#tellUnsafe(report, preen);
    const failed = report.errors > 0 || (flags.strict && report.warnings > 0);
    const status = (report.repair?.done ? CORRECTED : 0) + (failed ? ERRORS_LEFT : 0);
    if (status !== 0) process.exitCode = status;
    return report;
  }

  async #check(target: string, devices: readonly string[]): Promise<CheckReport> {
    const { check } = await import('../operations/check');
    return this.interruptible((signal) => check(target, { signal, devices }));
  }

  async #repair(
    target: string,
    options: Omit<RepairOptions, 'confirm'>,
    consented: boolean,
  ): Promise<RepairReport> {
    const { repair } = await import('../operations/repair');
    return this.interruptible((signal) => {
      const confirm = async (plan: Repair) => {
        if (!this.jsonEnabled() && !(this.quiet && consented)) await this.#tellPlan(plan);
        return consented || this.#ask(plan, signal);
      };
      return repair(target, { ...options, signal, confirm });
    });
  }

  async #tellPlan(plan: Repair): Promise<void> {
    const { describePlan } = await import('../ui/repair-report');
    await this.printLines(await describePlan(plan));
    this.#planTold = true;
  }

  async #ask({ backup }: Repair, signal: AbortSignal): Promise<boolean> {
    const { askYesNo, canAsk } = await import('../ui/consent');
    if (this.jsonEnabled() || !canAsk()) {
      await this.warnLine('nothing was changed: there is nobody to ask; --yes repairs without asking');
      return false;
    }
    if (await askYesNo(`save superblock and log in ${backup} and repair?`, signal)) return true;
    await this.warnLine('nothing was changed');
    return false;
  }

  async #tell(report: Checked): Promise<void> {
    const { repair } = report;
    const declined = repair && !repair.done && this.#planTold;
    if (!declined) await this.#tellReport(report);
    if (!repair || this.quiet) return;
    const { describeCopyOut, describeProposal } = await import('../ui/repair-report');
    if (!repair.done && !declined) await this.printLines(await describeProposal(repair));
    await this.printLines(describeCopyOut(repair));
  }

  async #tellUnsafe({ repair }: Checked, preen: boolean): Promise<void> {
    if (!preen || !repair || repair.done || repair.acts.length === 0) return;
    await this.warnLine('nothing was changed: entries would be given up or appear; --repair does it');
  }

  async #tellReport(report: Checked): Promise<void> {
    const { describeReport } = await import('../ui/check-report');
    if (report.repair?.done && !this.quiet) {
      const { describeDone } = await import('../ui/repair-report');
      await this.printLines(await describeDone(report.repair));
    }
    const text = await describeReport(report, this.quiet);
    if (text !== '') this.log(text);
  }
}
