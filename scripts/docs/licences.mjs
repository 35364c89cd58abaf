// The page of the packages that the program is made of, from package-lock.json.
import { GENERATED, table } from './markdown.mjs';

const PREFIX = /^.*node_modules\//;

export function licencesPage({ packages }) {
  const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  const byPackage = new Map();
  for (const [path, { license, version }] of shipped) {
    if (license === undefined) throw new Error(`${path}: package-lock.json tells no licence`);
    const name = path.replace(PREFIX, '');
    byPackage.set(`${name}@${version}`, [name, version, license]);
  }
  const rows = [...byPackage.values()].sort(([a], [b]) => (a < b ? -1 : 1));
  const counts = new Map();
  for (const [, , license] of rows) counts.set(license, (counts.get(license) ?? 0) + 1);
  const summary = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => [name, count]);
  return `# Licences

${GENERATED}

famfs is under the Apache License 2.0. These are the npm packages that it is installed with or that its programs hold in
parts, and the licence that each one states. What only builds and tests it is not among them.
\`npm sbom --sbom-format cyclonedx --package-lock-only\` tells the same for other programs
([SECURITY.md](SECURITY.md#what-it-is-made-of)).

${table(['Licence', 'Packages'], summary)}

${table(['Package', 'Version', 'Licence'], rows)}
`;
}
