import { rmSync } from 'node:fs';
import { daxNodes } from '../../../src/device/dax-sysfs';
import { type DaxUse, useOfDax } from '../../../src/device/dax-use';
import { DaxTree } from '../../support/dax-tree';

let tree: DaxTree;

beforeEach(() => {
  tree = new DaxTree({ driver: 'kmem' });
});

afterEach(() => tree.remove());

function use(): DaxUse | undefined {
  const [node] = daxNodes(tree.places.sysfs);
  return node && useOfDax(tree.node, node, tree.places);
}

const mountLine = (directory: string, source: string) =>
  `36 25 0:42 / ${directory} rw - fuse.famfs ${source} rw\n`;

test('a device that nobody uses, beside processes that use others', () => {
  tree.put('proc/12/mountinfo', mountLine('/mnt/other', '/dev/zero'));
  tree.link('proc/12/ns/mnt', 'mnt:[1]');
  tree.link('proc/12/fd/3', '/dev/zero');
  tree.put('proc/12/maps', '7f00-7f01 rw-s 00000000 00:06 4 /dev/zero\n');
  tree.put('proc/version', 'Linux');
  expect(use()).toBeUndefined();
});

test('a mount in the mount name space of another process', () => {
  tree.put('proc/12/mountinfo', mountLine('/mnt/other', '/dev/zero'));
  tree.link('proc/12/ns/mnt', 'mnt:[1]');
  tree.put('proc/13/mountinfo', mountLine('/mnt/famfs', tree.node));
  tree.link('proc/13/ns/mnt', 'mnt:[2]');
  expect(use()).toEqual({ kind: 'mount', directory: '/mnt/famfs' });
});

test('a process that has it open, by its own path or another one', () => {
  tree.put('proc/13/comm', 'postgres\n');
  tree.link('proc/13/fd/3', tree.node);
  expect(use()).toEqual({ kind: 'process', pid: 13, command: 'postgres' });
  rmSync(tree.path('proc/13/fd/3'));
  expect(use()).toBeUndefined();
  tree.link('proc/13/fd/4', '/dev/../dev/null');
  expect(use()).toMatchObject({ kind: 'process', pid: 13 });
});

test('a process that has it mapped and closed', () => {
  tree.put('proc/13/maps', `7f00-7f01 rw-s 00000000 00:06 4                 ${tree.node}\n`);
  expect(use()).toEqual({ kind: 'process', pid: 13, command: '' });
});

test('memory of it that is online, and not that of a block that it shares', () => {
  tree.memoryBlock(31, 'online');
  tree.memoryBlock(32, 'online');
  tree.memoryBlock(33, 'offline');
  tree.memoryBlock(36, 'online');
  expect(use()).toBeUndefined();
  tree.memoryBlock(35, 'going-offline');
  expect(use()).toEqual({ kind: 'memory' });
});

test.each([
  ['where it lies', 'sys/devices/dax0.0/mapping0'],
  ['how large blocks are', 'sys/devices/system/memory/block_size_bytes'],
])('memory counts as online where sysfs does not tell %s', (_name, path) => {
  rmSync(tree.path(path), { recursive: true });
  expect(use()).toEqual({ kind: 'memory' });
});
