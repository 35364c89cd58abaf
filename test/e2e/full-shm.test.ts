import { join } from 'node:path';
import { BIN, famfsOk, succeeded } from '../support/run';
import { put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { inNamespace } from '../support/run-server';

const FILES = 500;
const scratch = scratchEach();

test('a full /dev/shm, small as in a container, takes nothing from a mount', async () => {
  const { device, mount } = await scratch.mountedDevice('16g');
  const lines = Array.from({ length: FILES }, (_, i) => `${mount}/f${i},4096\n`);
  await famfsOk(['creat', '--no-sync', '-q', '--files-from', put(scratch.path('list'), lines.join(''))]);
  await famfsOk(['umount', mount]);
  const script = `
    mount -t tmpfs -o size=1m tmpfs /dev/shm
    ${join(BIN, 'famfs')} mount --quiet --no-sync --log-file "$3" "$1" "$2"
    trap 'umount "$2"' EXIT
    dd if=/dev/zero of=/dev/shm/fill bs=4096 status=none || true
    ls -l "$2" | wc -l
    chmod 600 "$2"/*
    stat -c %a "$2"/* | sort | uniq -c
    cat "$2"/* | wc -c
    ${join(BIN, 'famfs')} status --json "$2" | grep '"restarts": 0'
  `;
  const { stdout } = succeeded(await inNamespace(script, [device, mount, scratch.path('small.log')]));
  const [listed, modes, bytes] = stdout.split('\n').map((line) => line.trim());
  expect([listed, modes, bytes]).toEqual([String(FILES + 1), `${FILES} 600`, String(4096 * FILES)]);
});
