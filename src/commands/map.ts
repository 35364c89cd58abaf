import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { DeviceMap } from '../operations/device-map';
import { BaseCommand, deviceFlag } from './base';

const DEFAULT_WIDTH = 80;
const NARROWEST = 40;
const WIDEST = 1000;

export default class DeviceMapCommand extends BaseCommand {
  static override summary = 'Show which file lies where on the devices.';
  static override description =
    `Draws each device as rows of cells, with the largest files, free runs and what is wrong: shared space and extents out of bounds.
A device that cannot be used is drawn by what the log says of it.`;
  static override examples = [
    '<%= config.bin %> map /mnt/famfs',
    '<%= config.bin %> map --svg device.svg --html device.html /dev/dax0.0',
    '<%= config.bin %> map --json /tmp/device.img',
  ];
  static override args = {
    target: Args.string({ required: true, description: 'device, or where it is mounted' }),
  };
  static override flags = {
    width: Flags.integer({
      description: 'columns of the picture (default 80)',
      helpValue: 'N',
      min: NARROWEST,
      max: WIDEST,
    }),
    svg: Flags.string({ description: 'write a picture to a file; - is standard output', helpValue: 'FILE' }),
    html: Flags.string({
      description: 'write a page to look around in, which needs no network; - is standard output',
      helpValue: 'FILE',
    }),
    ...deviceFlag,
  };

  async run(): Promise<DeviceMap> {
    const { args, flags } = await this.parse(DeviceMapCommand);
    const { html, svg, width } = flags;
    const toStdout = [html, svg].filter((file) => file === '-').length;
    if (toStdout > 1 || (toStdout === 1 && this.jsonEnabled())) {
      throw new FamfsError('usage', 'only one of --svg -, --html - and --json can have standard output');
    }
    const { deviceMap } = await import('../operations/device-map');
    const map = await deviceMap(args.target, flags.device);
    if (svg !== undefined) await this.#write(svg, (await import('../ui/map-svg')).mapSvg(map));
    if (html !== undefined) await this.#write(html, (await import('../ui/map-html')).mapHtml(map));
    if (svg === undefined && html === undefined && !this.jsonEnabled() && !this.quiet) {
      await this.#draw(map, width ?? DEFAULT_WIDTH);
    }
    return map;
  }

  async #write(file: string, text: string): Promise<void> {
    if (file === '-') return this.printLines([text.trimEnd()]);
    const { writeTextFile } = await import('../operations/text-file');
    await writeTextFile(file, text);
    if (!this.jsonEnabled()) this.say(`${file}: written`);
  }

  async #draw(map: DeviceMap, width: number): Promise<void> {
    const [{ describeMap }, { paint }] = await Promise.all([
      import('../ui/map-text'),
      import('../ui/colour'),
    ]);
    await this.printLines(describeMap(map, width, await paint(process.stdout)));
  }
}
