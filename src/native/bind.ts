import { getSystemErrorMap } from 'node:util';
import type { JsExternal } from 'ffi-rs';
import { FamfsError } from '../errors';

type Ffi = typeof import('ffi-rs');
let loadedFfi: Ffi | undefined;

/** ffi-rs, loaded when it is first needed: many verbs on a file call no C function. */
function ffi(): Ffi {
  loadedFfi ??= loadForGlibc();
  return loadedFfi;
}

/**
 * ffi-rs has Node write a whole diagnostic report, of processors, network and limits, to see whether this is glibc.
 * That takes longer than loading it; and what is bound here is glibc's.
 */
function loadForGlibc(): Ffi {
  const { report } = process;
  const { getReport } = report ?? {};
  if (!report || !getReport) return require('ffi-rs') as Ffi;
  report.getReport = (() => ({ header: { glibcVersionRuntime: 'any' } })) as never;
  try {
    return require('ffi-rs') as Ffi;
  } finally {
    report.getReport = getReport;
  }
}

/** How a C parameter or result is passed: integers as numbers, `bytes` as a Buffer, `text` as a C string. */
const C_TYPES = {
  i32: 'I32',
  u32: 'U32',
  i64: 'I64',
  bytes: 'U8Array',
  text: 'String',
  external: 'External',
  void: 'Void',
} as const satisfies Record<string, keyof Ffi['DataType']>;

type CType = keyof typeof C_TYPES;

interface JsTypes {
  i32: number;
  u32: number;
  i64: number;
  bytes: Buffer;
  text: string;
  external: JsExternal;
  void: undefined;
}

/** One C function. `errno: true` makes it return the value together with errno (each such call costs memory). */
interface CFunction {
  readonly returns: CType;
  readonly takes: readonly CType[];
  readonly errno?: true;
}

type Arguments<T extends readonly CType[]> = { -readonly [I in keyof T]: JsTypes[T[I]] };

/** A call's value and the errno it left, as a number of errno(3). */
export interface WithErrno<T> {
  readonly value: T;
  readonly errno: number;
}

type Bound<F extends CFunction> = (
  ...args: Arguments<F['takes']>
) => F['errno'] extends true ? WithErrno<JsTypes[F['returns']]> : JsTypes[F['returns']];

/** A shared library by its soname, and the Debian package that has it. */
export interface Library {
  readonly soname: string;
  readonly debianPackage: string;
}

/** Opens a shared library. Throws FamfsError `no-library`, which names the package, when it is not installed. */
export function load(library: Library): void {
  try {
    ffi().open({ library: library.soname, path: library.soname });
  } catch (cause) {
    throw new FamfsError(
      'no-library',
      `${library.soname} cannot be loaded: ${(cause as Error).message}`,
      `install it: apt-get install ${library.debianPackage}`,
      { cause },
    );
  }
}

/**
 * Opens a shared library and binds a table of its functions.
 * Throws FamfsError `no-library`, which names the package, when the library is not installed.
 */
export function bind<T extends Record<string, CFunction>>(
  library: Library,
  table: T,
): { [K in keyof T]: Bound<T[K]> } {
  const { DataType, define } = ffi();
  load(library);
  const raw = define(
    Object.fromEntries(
      Object.entries(table).map(([name, f]) => [
        name,
        {
          library: library.soname,
          retType: DataType[C_TYPES[f.returns]],
          paramsType: f.takes.map((type) => DataType[C_TYPES[type]]),
          errno: f.errno ?? false,
        },
      ]),
    ),
  ) as Record<string, (args: unknown[]) => unknown>;
  const bound = Object.entries(table).map(([name, f]) => {
    const call = raw[name] as (args: unknown[]) => unknown;
    if (!f.errno) return [name, (...args: unknown[]) => call(args)];
    return [
      name,
      (...args: unknown[]) => {
        const { value, errnoCode } = call(args) as { value: unknown; errnoCode: number };
        return { value, errno: errnoCode };
      },
    ];
  });
  return Object.fromEntries(bound) as { [K in keyof T]: Bound<T[K]> };
}

/** As bind(), when the first of the functions is called. */
export function bindOnUse<T extends Record<string, CFunction>>(
  library: Library,
  table: T,
): { [K in keyof T]: Bound<T[K]> } {
  let bound: Record<string, (...args: unknown[]) => unknown> | undefined;
  const functions = Object.keys(table).map((name) => {
    const call = (...args: unknown[]) => {
      bound ??= bind(library, table) as NonNullable<typeof bound>;
      return bound[name]?.(...args);
    };
    return [name, call];
  });
  return Object.fromEntries(functions) as { [K in keyof T]: Bound<T[K]> };
}

/** A Buffer over `length` bytes of memory that is not Node's. */
export function createExternalBuffer(...args: Parameters<Ffi['createExternalBuffer']>): Buffer {
  return ffi().createExternalBuffer(...args);
}

/** An error of a C call in the shape of Node's own system errors: `code` is the errno's name. */
export function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  return Object.assign(new Error(`${code}: ${text}, ${call}`), { code, errno: -errno, syscall: call });
}

export type { JsExternal };
