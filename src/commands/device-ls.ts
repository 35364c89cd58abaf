import type { DeviceList } from '../operations/device-list';
import { BaseCommand, deviceFlag } from './base';
import { targetArg } from './look';

export default class DeviceLs extends BaseCommand {
  static override summary = 'List the devices of a file system, and where they are on this host.';
  static override description = 'The exit status is 1 when one cannot be used.';
  static override examples = [
    '<%= config.bin %> device ls /mnt/famfs',
    '<%= config.bin %> device ls --json /dev/dax0.0',
  ];
  static override args = { target: targetArg };
  static override flags = { ...deviceFlag };

  async run(): Promise<DeviceList> {
    const { args, flags } = await this.parse(DeviceLs);
    const { listDevices } = await import('../operations/device-list');
    const result = await listDevices(args.target, flags.device ?? []);
    if (!this.jsonEnabled()) {
      const { describeDevices } = await import('../ui/device-text');
      await this.printLines(describeDevices(result));
    }
    if (result.devices.some(({ trouble }) => trouble !== undefined)) process.exitCode = 1;
    return result;
  }
}
