import type { Device } from '../device/device';
import type { DeviceRecord } from '../log/check-entry';
import { type Finding, finding } from '../log/findings';
import type { Superblock } from '../log/superblock';
import {
  findMember,
  isStill,
  type MemberOptions,
  type MemberProblem,
  memberError,
  type Wanted,
} from './search';

/** How long a device that was not found is not looked for again. */
const RETRY_MS = 1000;

/** Whoever knows the devices of a file system by their index in maps of files. */
export interface DeviceTable {
  /** Throws FamfsError `device-missing`, `-damaged`, `-foreign` or `-truncated` for one that cannot be used. */
  at(index: number): Device;
}

interface Absent {
  readonly problem: MemberProblem;
  readonly since: number;
}

/**
 * The devices of one file system. The primary is open from the beginning; others, which the log names by their UUID, are
 * looked for and opened when they are first needed.
 */
export class Members implements DeviceTable {
  readonly #open = new Map<number, Device>();
  readonly #absent = new Map<number, Absent>();

  /**
   * `records` are the devices that the log names, the primary first; more may come up at any time. `given` are paths
   * where to look first. Secondary devices are opened as the primary was.
   */
  constructor(
    readonly primary: Device,
    private readonly superblock: Superblock,
    readonly records: readonly DeviceRecord[],
    private readonly given: readonly string[] = [],
    private readonly options: MemberOptions = { writable: primary.writable },
  ) {
    this.#open.set(0, primary);
  }

  /** How many devices the log names, the primary among them. */
  get count(): number {
    return this.records.length;
  }

  at(index: number): Device {
    const { device, problem } = this.#find(index);
    if (device) return device;
    throw memberError(this.primary.path, problem);
  }

  /** The device, or undefined for one that cannot be used. */
  find(index: number): Device | undefined {
    return this.#find(index).device;
  }

  /** What is wrong with a device, which is looked for; undefined for one that can be used. */
  problem(index: number): MemberProblem | undefined {
    return this.#find(index).problem;
  }

  /** What is wrong with devices that the log names, all of which are looked for. */
  problems(): MemberProblem[] {
    return this.records.flatMap((_record, index) => this.problem(index) ?? []);
  }

  /**
   * Whether a device that can be used still says that it is the one that the log names. Throws FamfsError `device-io`
   * where it cannot be read.
   */
  isItself(index: number): boolean {
    return isStill(this.#wanted(index), this.at(index));
  }

  /** Closes a secondary device, if it is open: it is looked for when it is needed next. */
  forget(index: number): void {
    if (index === 0) return;
    this.#open.get(index)?.close();
    this.#open.delete(index);
  }

  /** Waits until all that was flushed, on any device, is durable. */
  fence(): void {
    for (const device of this.#open.values()) device.fence();
  }

  /** Closes all devices, the primary among them. */
  close(): void {
    this.closeSecondaries();
    this.primary.close();
  }

  closeSecondaries(): void {
    for (const [index, device] of this.#open) if (index !== 0) device.close();
    this.#open.clear();
  }

  #find(index: number): { device: Device; problem?: never } | { device?: never; problem: MemberProblem } {
    const device = this.#open.get(index);
    if (device) return { device };
    const absent = this.#absent.get(index);
    if (absent && performance.now() - absent.since < RETRY_MS) return { problem: absent.problem };
    const found = findMember(this.#wanted(index), this.options, this.given);
    if (found.device) this.#open.set(index, found.device);
    else this.#absent.set(index, { problem: found.problem, since: performance.now() });
    return found;
  }

  #wanted(index: number): Wanted {
    const record = this.records[index];
    if (!record) throw new RangeError(`the log names no device ${index}`);
    return { superblock: this.superblock, index, record };
  }
}

/** What is wrong with the devices of a file system, as findings. */
export function memberFindings(members: Members): Finding[] {
  return members.problems().map(({ detail, trouble }) => finding(`dev-${trouble}`, detail));
}
