import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MemoryStore } from '../support/images-store';

const DIRECTORY = join(__dirname, 'fixtures');

interface ExtentDescription {
  readonly devindex: number;
  readonly offset: number;
  readonly len: number;
}

interface OwnerDescription {
  readonly uid: number;
  readonly gid: number;
  /** As "0o644". */
  readonly mode: string;
  readonly path: string;
}

interface EntryHead {
  readonly index: number;
  readonly seqnum: number;
  readonly type: number;
  /** As "0x1234". */
  readonly crc: string;
}

export interface FileDescription extends EntryHead, OwnerDescription {
  readonly kind: 'FILE';
  readonly size: number;
  readonly flags: number;
  readonly ext_type: number;
  readonly nextents: number;
  readonly extents?: readonly ExtentDescription[];
  readonly nstrips?: number;
  readonly chunk_size?: number;
  readonly strips?: readonly ExtentDescription[];
}

export interface MkdirDescription extends EntryHead, OwnerDescription {
  readonly kind: 'MKDIR';
}

export interface AddDaxdevDescription extends EntryHead {
  readonly kind: 'ADD_DAXDEV';
  readonly dd_size: number;
  readonly dd_uuid: string;
  readonly dd_index: number;
}

export type EntryDescription = FileDescription | MkdirDescription | AddDaxdevDescription;

/** What the reference said is in an image that it made. */
export interface Description {
  readonly name: string;
  readonly device_size: number;
  readonly image_prefix_len: number;
  readonly sha256_prefix: string;
  readonly master_system_uuid: string;
  readonly superblock: {
    readonly magic: string;
    readonly version: number;
    readonly log_offset: number;
    readonly log_len: number;
    readonly alloc_unit: number;
    readonly omf_major: number;
    readonly omf_minor: number;
    readonly uuid: string;
    readonly dev_uuid: string;
    readonly system_uuid: string;
    readonly crc: string;
    readonly sb_flags: number;
    readonly dd_size: number;
    readonly dd_uuid: string;
    readonly dd_daxdev: string;
  };
  readonly log_header: {
    readonly magic: string;
    readonly len: number;
    readonly last_index: number;
    readonly crc: string;
    readonly next_seqnum: number;
    readonly next_index: number;
  };
  readonly n_entries_decoded: number;
  readonly entries: readonly EntryDescription[];
  /**
   * What the reference's replay made: one small file for each file, whose size, mode and owner say nothing of the
   * file itself. Missing where it made nothing.
   */
  readonly tree?: readonly { readonly path: string; readonly type: 'file' | 'dir' }[];
}

/** An image made by the reference: the bytes at the start of its device (zeros follow), and what is in them. */
export interface Fixture {
  readonly description: Description;
  readonly image: Buffer;
}

export const FIXTURE_NAMES = readdirSync(DIRECTORY)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

export function loadFixture(name: string): Fixture {
  const description: Description = JSON.parse(readFileSync(join(DIRECTORY, `${name}.json`), 'utf8'));
  const image = gunzipSync(readFileSync(join(DIRECTORY, `${name}.img.gz`)));
  const sum = createHash('sha256').update(image).digest('hex');
  if (sum !== description.sha256_prefix || image.length !== description.image_prefix_len) {
    throw new Error(`${name}.img.gz is not the image that ${name}.json describes`);
  }
  return { description, image };
}

/** The device that a fixture is the beginning of. */
export function deviceOf({ description, image }: Fixture): MemoryStore {
  const store = new MemoryStore(description.device_size);
  store.store(0, image);
  return store;
}
