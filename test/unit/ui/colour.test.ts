import { paint, wantsColour } from '../../../src/ui/colour';

const TERMINAL = { isTTY: true };
const PIPE = {};

test.each([
  ['a terminal', TERMINAL, {}, true],
  ['a pipe', PIPE, {}, false],
  ['a terminal that cannot', TERMINAL, { TERM: 'dumb' }, false],
  ['NO_COLOR', TERMINAL, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', TERMINAL, { NO_COLOR: '' }, true],
  ['FORCE_COLOR on a pipe', PIPE, { FORCE_COLOR: '1' }, true],
  ['an empty FORCE_COLOR', PIPE, { FORCE_COLOR: '' }, true],
  ['FORCE_COLOR=0', TERMINAL, { FORCE_COLOR: '0' }, false],
  ['FORCE_COLOR=false', TERMINAL, { FORCE_COLOR: 'false' }, false],
  ['FORCE_COLOR and NO_COLOR', PIPE, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
])('%s: colour is wanted or not', (_, stream, env, wanted) => {
  expect(wantsColour(stream, env)).toBe(wanted);
});

test('paints for a terminal', async () => {
  const painter = await paint(TERMINAL, {});
  expect(painter.red('x')).toBe('\u001b[31mx\u001b[39m');
  expect(painter.green('x')).toBe('\u001b[32mx\u001b[39m');
  expect(painter.yellow('x')).toBe('\u001b[33mx\u001b[39m');
  expect(painter.dim('x')).toBe('\u001b[2mx\u001b[22m');
  expect(painter.bold('x')).toBe('\u001b[1mx\u001b[22m');
});

test('leaves text for a pipe alone', async () => {
  const painter = await paint(PIPE, {});
  const { red, green, yellow, dim, bold } = painter;
  expect([red, green, yellow, dim, bold].map((colour) => colour('x'))).toEqual(['x', 'x', 'x', 'x', 'x']);
});
