import type { DoctorReport } from '../operations/doctor';
import { BaseCommand } from './base';

export default class Doctor extends BaseCommand {
  static override summary = 'Tell whether this host has all that famfs needs.';
  static override description =
    'Looks at Node.js, the kernel, FUSE, libraries, DAX devices, the system UUID, and mounts with their servers. Changes nothing. The exit status is 1 if anything is an error, and 0 with warnings alone.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];

  async run(): Promise<DoctorReport> {
    await this.parse(Doctor);
    const { examineHost } = await import('../operations/doctor');
    const report = await examineHost();
    if (!this.jsonEnabled()) await this.#print(report);
    if (report.errors > 0) process.exitCode = 1;
    return report;
  }

  async #print(report: DoctorReport): Promise<void> {
    const [{ describeHost }, { paint }] = await Promise.all([
      import('../ui/doctor-text'),
      import('../ui/colour'),
    ]);
    await this.printLines(describeHost(report, await paint(process.stdout), this.quiet));
  }
}
