// FROM-THE-REFERENCE.md: verbs beside those of the reference implementation in C, as far as they are here.
import { GENERATED, table } from './markdown.mjs';
import { fileName, shownName, verbsOf } from './verbs.mjs';

/** By verb: what is typed there, what is typed here, and what differs. */
const VERBS = {
  mkfs: [
    'mkfs.famfs -l 8m /dev/dax0.0',
    'famfs mkfs --loglen 8m /dev/dax0.0',
    'A plain file can be the device (`--create SIZE`). `--kill` asks for `--force` only where it has to.',
  ],
  mount: [
    'famfs mount --fuse /dev/dax0.0 /mnt/famfs',
    'famfs mount /dev/dax0.0 /mnt/famfs',
    'Any kernel from Linux 5.2 on; no kernel module, no shadow directory. Users other than root may mount.',
  ],
  umount: ['umount /mnt/famfs', 'famfs umount /mnt/famfs', 'Waits until the server has ended.'],
  fsck: [
    'famfs fsck /dev/dax0.0',
    'famfs fsck /dev/dax0.0',
    'Checks every field, also of a mounted device; `-h` is for help. Statuses follow fsck(8).',
  ],
  mkdir: [
    'famfs mkdir -p /mnt/famfs/a/b',
    'famfs mkdir -p /mnt/famfs/a/b',
    'Takes several directories. Makes all of them or, when the log has no room, none.',
  ],
  creat: [
    'famfs creat -s 64m /mnt/famfs/file',
    'famfs creat --size 64m /mnt/famfs/file',
    'Relative paths and long names are checked before anything is logged.',
  ],
  cp: [
    'famfs cp -r dataset /mnt/famfs',
    'famfs cp -r dataset /mnt/famfs',
    'Copies into a directory that exists as cp(1) does; `-T` merges the contents, as the other does. Each file keeps its own mode. A file is logged when all its data is there; `--resume` goes on after an interruption.',
  ],
  logplay: [
    'famfs logplay /mnt/famfs',
    'famfs logplay /mnt/famfs',
    'Seldom needed: a mount looks at the log by itself.',
  ],
  verify: [
    'famfs verify -S 1 -f /mnt/famfs/file',
    'famfs verify',
    'Checks the contents that a seed stands for.',
  ],
  flush: ['famfs flush /mnt/famfs/file', 'famfs flush', 'Writes processor caches back.'],
  chkread: ['famfs chkread /mnt/famfs/file', 'famfs chkread', 'Compares read(2) with a mapping.'],
  getmap: ['famfs getmap /mnt/famfs/file', 'famfs getmap', 'Needs no ioctl of a kernel module.'],
  check: ['famfs check /mnt/famfs', 'famfs check', 'Needs no ioctl of a kernel module.'],
  clone: ['famfs clone SRC DST', 'famfs clone', 'See its page for what is allowed.'],
};

/** The page, with the verbs that the manifest has. */
export function referencePage(manifest) {
  const verbs = verbsOf(manifest);
  const known = verbs.filter(({ id }) => id in VERBS);
  const rows = known.map(({ id }) => {
    const [there, here, differs] = VERBS[id];
    return [`\`${there}\``, `\`${here}\``, differs, `[${shownName(id)}](cli/${fileName(id)}.md)`];
  });
  const own = verbs.filter(({ id }) => !(id in VERBS));
  const list = own.map(
    ({ id, summary }) => `* [\`famfs ${shownName(id)}\`](cli/${fileName(id)}.md): ${summary}`,
  );
  return `# Coming from the reference implementation in C

${GENERATED}

The format on the device is the same, and devices can go back and forth between the two. So is \`/opt/famfs/system_uuid\`:
the owner of a file system stays its owner.

${table(['There', 'Here', 'What differs', 'Page'], rows)}

## What is only here

${list.join('\n')}

## What differs everywhere

* An unknown flag is an error with status 2; there, it prints the usage and ends with status 0.
* Sizes that are malformed, like \`4q\`, are refused; there, what follows the number is ignored. A number that begins with
  0 is decimal here and octal there.
* Statuses are [few and fixed](EXIT-STATUS.md); there, some are errnos and some are counts.
* Messages go to standard error, and none to syslog; a server has a log of its own.
* All paths may be relative.
`;
}
