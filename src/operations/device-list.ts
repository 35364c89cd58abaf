import type { MemberTrouble } from '../members/search';
import { type View, withView } from './view';

/** A device of a file system. `size` in bytes. */
export interface ListedDevice {
  readonly index: number;
  readonly uuid: string;
  readonly size: number;
  /** Where it is on this host, or what is in its place. */
  readonly path?: string;
  /** Why it cannot be used. */
  readonly trouble?: MemberTrouble;
  readonly detail?: string;
}

export interface DeviceList {
  readonly uuid: string;
  readonly devices: ListedDevice[];
}

/** The devices of a file system, looked for at `given` first. Throws what opening a view throws. */
export function listDevices(target: string, given: readonly string[]): Promise<DeviceList> {
  return withView(target, { devices: given }, (view) => ({
    uuid: view.superblock.uuid,
    devices: devicesOf(view),
  }));
}

/** The devices that the log of a view names, each looked for. */
export function devicesOf({ members }: View): ListedDevice[] {
  return members.records.map(({ size, uuid }, index) => {
    const { detail, path = members.find(index)?.path, trouble } = members.problem(index) ?? {};
    return {
      ...{ index, uuid, size },
      ...(path === undefined ? {} : { path }),
      ...(trouble === undefined ? {} : { trouble }),
      ...(detail === undefined ? {} : { detail }),
    };
  });
}
