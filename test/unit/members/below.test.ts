import { symlinkSync } from 'node:fs';
import { leadsBelow } from '../../../src/members/below';
import { put } from '../../support/run-files';
import { scratchEach } from '../../support/run-scratch';

const scratch = scratchEach();

describe('whether a path leads below a directory', () => {
  test('is told by its name', () => {
    expect(leadsBelow('/a/b', '/a')).toBe(true);
    expect(leadsBelow('/a/b/c', '/a')).toBe(true);
    expect(leadsBelow('/a', '/a')).toBe(false);
    expect(leadsBelow('/ab', '/a')).toBe(false);
    expect(leadsBelow('/b/a/c', '/a')).toBe(false);
    expect(leadsBelow('/a/../b', '/a')).toBe(false);
    expect(leadsBelow('/a', '/')).toBe(true);
  });

  test('is told by where links on its way lead, whether anything is there or not', () => {
    const directory = scratch.directory('below');
    put(scratch.path('below/file'), '');
    put(scratch.path('beside/file'), '');
    symlinkSync(directory, scratch.path('link'));
    symlinkSync('below/gone', scratch.path('relative'));
    symlinkSync('../below', scratch.path('beside/up'));
    symlinkSync('link/file', scratch.path('twice'));
    for (const name of ['link/file', 'link/gone', 'relative', 'beside/up/file', 'twice'])
      expect(leadsBelow(scratch.path(name), directory)).toBe(true);
    for (const name of ['link', 'beside/up', 'beside/file', 'gone'])
      expect(leadsBelow(scratch.path(name), directory)).toBe(false);
  });

  test('is not so for links without end', () => {
    symlinkSync('round', scratch.path('round'));
    expect(leadsBelow(scratch.path('round/x'), scratch.path('below'))).toBe(false);
  });
});
