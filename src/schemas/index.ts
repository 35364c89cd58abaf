import type { z } from 'zod';
import { AutocompleteSchema } from './autocomplete';
import { ChkreadSchema } from './chkread';
import { CopySchema } from './cp';
import { CreatSchema } from './creat';
import { DeviceAddSchema, DeviceListSchema, DeviceScanSchema } from './device';
import { DoctorSchema } from './doctor';
import { FlushSchema } from './flush';
import { FsckSchema } from './fsck';
import { LogDumpSchema } from './log-dump';
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
import { MapSchema } from './map';
import { MkdirSchema } from './mkdir';
import { MkfsSchema } from './mkfs';
import { MkmetaSchema } from './mkmeta';
import { MountSchema } from './mount';
import { OwnerSchema } from './owner';
import { RestoreSchema } from './restore';
import { FailureSchema } from './shared';
import { StatusSchema } from './status';
import { UmountSchema } from './umount';
import { VerifySchema } from './verify';

/**
 * What `famfs VERB --json` prints when it succeeds, by verb; `error` is what any of them prints when it fails. Each is
 * published as JSON Schema in docs/schemas. The program itself never loads these: the types of the results say the same.
 */
export const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  autocomplete: AutocompleteSchema,
  check: CheckSchema,
  chkread: ChkreadSchema,
  clone: CloneSchema,
  cp: CopySchema,
  creat: CreatSchema,
  'device add': DeviceAddSchema,
  'device ls': DeviceListSchema,
  'device scan': DeviceScanSchema,
  df: DfSchema,
  digest: DigestSchema,
  doctor: DoctorSchema,
  error: FailureSchema,
  export: ExportSchema,
  flush: FlushSchema,
  fsck: FsckSchema,
  getmap: GetmapSchema,
  info: InfoSchema,
  'log dump': LogDumpSchema,
  logplay: LogplaySchema,
  ls: ListSchema,
  map: MapSchema,
  mkdir: MkdirSchema,
  mkfs: MkfsSchema,
  mkmeta: MkmetaSchema,
  mount: MountSchema,
  'mount.famfs': MountSchema,
  owner: OwnerSchema,
  restore: RestoreSchema,
  status: StatusSchema,
  umount: UmountSchema,
  verify: VerifySchema,
};
