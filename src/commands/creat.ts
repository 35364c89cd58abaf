import { Args, Flags, type Interfaces } from '@oclif/core';
import { FamfsError } from '../errors';
import type { CreatedFile, CreatResult, FileRequest } from '../operations/creat';
import { parseSizedName, readList } from '../ui/file-lists';
import { formatSize } from '../ui/sizes';
import {
  BaseCommand,
  defined,
  lockFlag,
  ownershipFlags,
  policyFlag,
  seedFlag,
  sizeFlag,
  stripeFlags,
  stripeOf,
  syncFlag,
  threadsFlag,
} from './base';
import { verboseFlag } from './reference-flags';

const SEEDS = 2 ** 32;
const SINGLE_ONLY = ['size', 'randomize', 'seed'];

export default class Creat extends BaseCommand {
  static override summary = 'Create files of a fixed size in a mounted file system.';
  static override description =
    `A file reads as zeros, or has the contents that a seed stands for, and can be written in place. One that exists with this size is left as it is, or given those contents.
Many files are made by one call with --multi or --files-from: NAME,SIZE or NAME,SIZE,SEED for each. The name may hold commas; "NAME,SIZE," says that there is no seed. What cannot be made is reported and the rest is made; the exit status then is 3.`;
  static override examples = [
    '<%= config.bin %> creat --size 4g /mnt/famfs/index',
    '<%= config.bin %> creat -s 1g -N 4 -B 8 -C 2m /mnt/famfs/striped',
    '<%= config.bin %> creat -s 64m --randomize --seed 42 /mnt/famfs/noise',
    '<%= config.bin %> creat --multi /mnt/famfs/a,1g --multi /mnt/famfs/b,64m,42',
    "printf '/mnt/famfs/%s,4k\\n' x y z | <%= config.bin %> creat --files-from -",
  ];
  static override usage = [
    'creat [FLAGS] [--size SIZE] FILE',
    'creat [FLAGS] (--multi NAME,SIZE[,SEED])...',
    'creat [FLAGS] --files-from FILE',
  ];
  // Standard input is for lists of files.
  static override args = { file: Args.string({ description: 'file to create' }) };
  static override flags = {
    size: sizeFlag({ char: 's', description: 'size of the file: bytes, or with k, m, g, t' }),
    randomize: Flags.boolean({
      char: 'r',
      description: 'fill the file with random contents; a seed is chosen, and shown, when none is given',
    }),
    seed: seedFlag({
      description: 'what the contents are made from: 1 to 4294967295',
      dependsOn: ['randomize'],
    }),
    multi: Flags.string({
      char: 'M',
      description: 'one of several files to create',
      helpValue: 'NAME,SIZE[,SEED]',
      multiple: true,
      multipleNonGreedy: true,
      exclusive: SINGLE_ONLY,
    }),
    'files-from': Flags.string({
      description: 'create the files that lines of FILE name, or of standard input for "-"',
      helpValue: 'FILE',
      exclusive: SINGLE_ONLY,
    }),
    null: Flags.boolean({
      char: '0' as 'z', // oclif takes any character, its types letters alone
      description: 'with --files-from: NUL ends each name, not the end of the line',
      dependsOn: ['files-from'],
    }),
    'read-only-everywhere': Flags.boolean({
      description: 'nobody may write the files, not the owner host either',
      exclusive: ['writable-everywhere'],
    }),
    'writable-everywhere': Flags.boolean({
      description: 'clients may write the files too, as their modes say',
    }),
    ...threadsFlag,
    ...verboseFlag,
    ...ownershipFlags,
    ...stripeFlags,
    ...policyFlag,
    ...syncFlag,
    ...lockFlag,
  };

  async run(): Promise<CreatResult> {
    const { args, flags } = await this.parse(Creat);
    const requests = await requestsOf(args.file, flags);
    const { creat } = await import('../operations/creat');
    const { gid, mode, 'no-sync': noSync, policy, uid } = flags;
    let made = 0;
    const result = await this.interruptible((signal) =>
      creat(requests, {
        ...defined({ access: accessOf(flags), gid, mode, noSync, policy, uid }),
        ...stripeOf(flags),
        signal,
        ...this.lockOptions(flags),
        onWarning: this.tellWarning,
        onFailure: this.tellFailure,
        unlisted: !this.jsonEnabled(),
        onFiles: (files) => {
          made += files.length;
          if (!this.quiet) this.say(files.map(describe).join('\n'));
        },
      }),
    );
    this.endWith(made, result.failures);
    return result;
  }
}

type CreatFlags = Interfaces.InferredFlags<typeof Creat.flags>;

async function requestsOf(file: string | undefined, flags: CreatFlags): Promise<FileRequest[]> {
  const { multi = [], 'files-from': list, randomize, size } = flags;
  let many = multi.map(parseSizedName);
  if (list !== undefined) many = many.concat(await readList(list, flags.null, parseSizedName));
  const hint = 'famfs creat --help shows how it is used';
  if (multi.length > 0 || list !== undefined) {
    if (file === undefined) return many;
    throw new FamfsError('usage', `${file}: a file by itself beside --multi or --files-from`, hint);
  }
  if (file === undefined) throw new FamfsError('usage', 'missing: FILE', hint);
  const seed = randomize ? (flags.seed ?? 1 + Math.floor(Math.random() * (SEEDS - 1))) : undefined;
  return [{ path: file, ...defined({ seed, size }) }];
}

function accessOf(flags: CreatFlags) {
  if (flags['read-only-everywhere']) return 'read-only';
  return flags['writable-everywhere'] ? 'writable' : undefined;
}

function describe({ created, path, seed, size }: CreatedFile): string {
  const filled = seed === undefined ? '' : `, filled from seed ${seed}`;
  return `${path}: ${formatSize(size)}, ${created ? 'created' : 'exists already'}${filled}`;
}
