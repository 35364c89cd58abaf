import type { Section } from '../section';
import { appending } from './append';
import { copy } from './copy';
import { devices } from './devices';
import { entries } from './entries';
import { library } from './library';
import { mkfs } from './mkfs';
import { server } from './server';
import { startup } from './startup';

/** In the order of the page. */
export const SECTIONS: readonly Section[] = [
  startup,
  mkfs,
  copy,
  appending,
  server,
  library,
  entries,
  devices,
];
