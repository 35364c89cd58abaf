// FROM-THE-REFERENCE.md: verbs beside those of the reference implementation in C, as far as they are here.
import { GENERATED, table } from './markdown.mjs';
import { fileName, lettersOf, shownName, verbsOf } from './verbs.mjs';

/** By verb: what is typed there, what is typed here, and what differs. */
const VERBS = {
  mkfs: [
    'mkfs.famfs -l 8m /dev/dax0.0',
    'famfs mkfs --loglen 8m /dev/dax0.0',
    'A plain file can be the device (`--create SIZE`). An unknown flag is refused before anything is written. `--set-daxmode devdax` switches a device to the mode that famfs here needs, and back if mkfs fails; there it switches to the mode famfs, for good.',
  ],
  mount: [
    'famfs mount --fuse /dev/dax0.0 /mnt/famfs',
    'famfs mount /dev/dax0.0 /mnt/famfs',
    'Any kernel from Linux 5.2 on; no kernel module, no shadow directory. Users other than root may mount. `--set-daxmode` as of mkfs.',
  ],
  umount: ['umount /mnt/famfs', 'famfs umount /mnt/famfs', 'Waits until the server has ended.'],
  fsck: [
    'famfs fsck /dev/dax0.0',
    'famfs fsck /dev/dax0.0',
    'Checks every field of every entry, and has `--json` and `--strict`. Statuses follow fsck(8), where there a status is the number of collisions.',
  ],
  mkdir: [
    'famfs mkdir -p /mnt/famfs/a/b',
    'famfs mkdir -p /mnt/famfs/a/b',
    'Takes several directories. `-p` makes all levels or, when the log has no room, none.',
  ],
  creat: [
    'famfs creat -s 64m /mnt/famfs/file',
    'famfs creat --size 64m /mnt/famfs/file',
    'Many files by one call with `--multi` as there, or from a list with `--files-from`. `-r -S SEED` fills them with the same bytes.',
  ],
  cp: [
    'famfs cp -r dataset /mnt/famfs',
    'famfs cp -r dataset /mnt/famfs',
    'Copies into a directory that exists as cp(1) does; `-T` merges the contents, as the other does. Each file keeps its own mode. A file is logged when all its data is there; `--resume` goes on after an interruption.',
  ],
  logplay: [
    'famfs logplay /mnt/famfs',
    'famfs logplay /mnt/famfs',
    'Seldom needed: a mount looks at the log by itself. `-n` tells how much it has not taken up.',
  ],
  verify: [
    'famfs verify -S 1 -f /mnt/famfs/file',
    'famfs verify -S 1 -f /mnt/famfs/file',
    'The contents of a seed are the same bytes in both. The first byte that differs is told; a seed of 0 is refused.',
  ],
  flush: [
    'famfs flush /mnt/famfs/file',
    'famfs flush /mnt/famfs/file',
    'Takes files of famfs mounts alone, and works on their extents on the device. One that cannot be flushed is named.',
  ],
  chkread: [
    'famfs chkread /mnt/famfs/file',
    'famfs chkread /mnt/famfs/file',
    'Tells the first byte that differs. A directory is refused.',
  ],
  getmap: [
    'famfs getmap -q /mnt/famfs/file',
    'famfs getmap -q /mnt/famfs/file',
    'Asks the log and no kernel module. Status 0 for a famfs file, 1 for what is in no famfs, 2 for what has no map.',
  ],
  check: [
    'famfs check /mnt/famfs',
    'famfs check /mnt/famfs',
    'Compares what the mount serves with the log of its device. Status bits: 1 files, 2 superblock, 4 log.',
  ],
  clone: [
    'famfs clone /mnt/famfs/a /mnt/famfs/b',
    'famfs clone /mnt/famfs/a /mnt/famfs/b',
    'Takes interleaved files too, and warns that fsck will report what the files share.',
  ],
  mkmeta: [
    'famfs mkmeta /dev/dax0.0',
    'famfs mkmeta /dev/dax0.0',
    'Does nothing: a mount shows `.meta/.superblock` and `.meta/.log` by itself.',
  ],
};

/** Flags of there that are refused here, or mean something else: verb, flag, what it is here. */
const OTHER_FLAGS = [
  [
    'all but fsck',
    '`-h`',
    'sizes for people, in `ls`, `df` and `fsck`; elsewhere refused. Help is `--help` or `-?`, and `famfs -h VERB`',
  ],
  [
    'mount',
    '`-f`',
    '`--foreground`: the call does not return before the unmount. There it is `--fuse`, which can be left out',
  ],
  ['mount', '`-F`, `--nofuse`', 'refused: there is no mount without FUSE'],
  ['mount', '`-p`, `--nodefaultperm`', 'refused: permissions count on every mount'],
  ['mount', '`-r`, `-m`', 'refused: `-r` is read-only to mount(8), which here is `-o ro`'],
  ['mount', '`-R`, `-c`, `-D`', 'refused: a mount is not changed; `-o cache=` says what the kernel may keep'],
  ['mkfs', '`-k` without `-f`', 'refused; there it makes a file system'],
  ['fsck', '`-B`, `--nbuckets`', 'refused: `famfs map` shows how full each part of the device is'],
  [
    'cp',
    '`-c`',
    'refused: there it logs what is missing. `famfs digest` compares; `famfs cp --resume --verify` copies what differs',
  ],
  [
    'cp, creat, verify',
    '`-t 0`',
    '`cp` takes 1 to 64, there 0 too. `creat` and `verify` take it without effect',
  ],
  [
    'logplay',
    '`-c`, `-d`, `--shadow`, `--shadowtest`',
    "refused: there is no shadow directory, and a role is the host's",
  ],
];

/** Rows of the flags that are taken and have no effect. */
function flagsWithoutEffect(verbs) {
  return verbs.flatMap(({ flags, id }) =>
    Object.values(flags)
      .filter(({ hidden, name }) => hidden && name !== 'json')
      .map(({ description, name, ...flag }) => [
        shownName(id),
        [...lettersOf(flag).map((letter) => `\`-${letter}\``), `\`--${name}\``].join(', '),
        description,
      ]),
  );
}

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

## Flags without effect

These are taken, so that scripts work, and no help shows them. So are \`--threads\` of \`creat\` and \`verify\`.

${table(['Verb', 'Flag', 'Why there is nothing to do'], flagsWithoutEffect(verbs))}

## Flags that are something else

${table(['Verb', 'Flag there', 'Here'], OTHER_FLAGS)}

## What is only here

${list.join('\n')}

## What differs everywhere

* An unknown flag is an error with status 2, of fsck 16; there, it prints the usage and ends with status 0.
* Sizes that are malformed, like \`4q\`, are refused; there, what follows the number is ignored. So is a number that
  begins with 0, which is octal there.
* Statuses are [few and fixed](EXIT-STATUS.md); there, some are errnos and some are counts.
* Messages go to standard error, and none to syslog; a server has a log of its own.
* All paths may be relative.
`;
}
