import type { z } from 'zod';
import { AutocompleteSchema } from './autocomplete';
import { CopySchema } from './cp';
import { CreatSchema } from './creat';
import { DoctorSchema } from './doctor';
import { FsckSchema } from './fsck';
import { LogplaySchema } from './logplay';
import {
  CheckSchema,
  CloneSchema,
  DfSchema,
  DigestSchema,
  ExportSchema,
  GetmapSchema,
  InfoSchema,
  ListSchema,
} from './look';
import { MkdirSchema } from './mkdir';
import { MkfsSchema } from './mkfs';
import { MountSchema } from './mount';
import { FailureSchema } from './shared';
import { StatusSchema } from './status';
import { UmountSchema } from './umount';

/**
 * What `famfs VERB --json` prints when it succeeds, by verb; `error` is what any of them prints when it fails. Each is
 * published as JSON Schema in docs/schemas. The program itself never loads these: the types of the results say the same.
 */
export const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  autocomplete: AutocompleteSchema,
  check: CheckSchema,
  clone: CloneSchema,
  cp: CopySchema,
  creat: CreatSchema,
  df: DfSchema,
  digest: DigestSchema,
  doctor: DoctorSchema,
  error: FailureSchema,
  export: ExportSchema,
  fsck: FsckSchema,
  getmap: GetmapSchema,
  info: InfoSchema,
  logplay: LogplaySchema,
  ls: ListSchema,
  mkdir: MkdirSchema,
  mkfs: MkfsSchema,
  mount: MountSchema,
  'mount.famfs': MountSchema,
  status: StatusSchema,
  umount: UmountSchema,
};
