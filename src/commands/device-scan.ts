import type { DeviceScan } from '../operations/device-scan';
import { BaseCommand, deviceFlag } from './base';

export default class ScanDevices extends BaseCommand {
  static override summary = 'Look for devices of famfs file systems on this host.';
  static override description =
    `Looks at all DAX devices, at those in FAMFS_DEVICES and at those given. Where secondary devices were found is noted, so that other verbs find them there.`;
  static override examples = [
    '<%= config.bin %> device scan',
    '<%= config.bin %> device scan --device /tmp/device.img --json',
  ];
  static override flags = { ...deviceFlag };

  async run(): Promise<DeviceScan> {
    const { flags } = await this.parse(ScanDevices);
    const { scanDevices } = await import('../operations/device-scan');
    const result = scanDevices(flags.device ?? []);
    if (!this.jsonEnabled()) {
      const { describeScan } = await import('../ui/device-text');
      await this.printLines(describeScan(result));
    }
    return result;
  }
}
