import type { Device } from '../device/device';
import type { Superblock } from '../log/superblock';
import type { FuseSession } from '../native/libfuse';
import type { Role, ServerConfig } from '../server-contract';
import type { DeviceWatch } from './device-watch';
import type { Logger } from './logger';
import type { SharedState } from './shared-state';

/** What a server is made of before it serves. */
export interface Parts {
  readonly config: ServerConfig;
  readonly device: Device;
  readonly devices: DeviceWatch;
  readonly superblock: Superblock;
  readonly role: Role;
  readonly shared: SharedState;
  readonly session: FuseSession;
  readonly logger: Logger;
}
