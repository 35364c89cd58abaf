const rooms = [
  'commands',
  'operations',
  'log',
  'alloc',
  'device',
  'members',
  'fuse',
  'native',
  'ui',
  'schemas',
  'library',
];
/** What each room may import besides itself and src/errors.ts: the arrows of docs/DESIGN.md. */
const arrows = {
  commands: ['operations', 'ui'],
  operations: ['log', 'alloc', 'device', 'members'],
  fuse: ['log', 'device', 'members', 'native'],
  members: ['log', 'device'],
  device: ['native'],
  log: [],
  alloc: [],
  native: [],
  ui: [],
  schemas: ['log'],
  library: ['operations', 'log', 'device', 'members'],
};

const roomRules = rooms.map((room) => ({
  name: `${room}-reaches-too-far`,
  severity: 'error',
  comment: `src/${room} may import: itself, errors, ${arrows[room].join(', ') || 'nothing else'}.`,
  from: { path: `^src/${room}/` },
  to: {
    path: '^src/[^/]+/',
    pathNot: [room, ...arrows[room]].map((name) => `^src/${name}/`),
    dependencyTypesNot: ['type-only'],
  },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'ffi-rs-only-in-native',
      severity: 'error',
      from: { pathNot: '^src/native/' },
      to: { path: 'ffi-rs' },
    },
    {
      name: 'terminal-only-in-ui-and-commands',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(ui|commands)/|^src/main.ts$' },
      to: { path: 'node_modules/(chalk|ora|@oclif)' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
