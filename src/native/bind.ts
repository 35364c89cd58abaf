import { getSystemErrorMap } from 'node:util';
import { createExternalBuffer, DataType, define, type JsExternal, open } from 'ffi-rs';
import { FamfsError } from '../errors';

/** How a C parameter or result is passed: integers as numbers, `bytes` as a Buffer, `text` as a C string. */
const C_TYPES = {
  i32: DataType.I32,
  u32: DataType.U32,
  i64: DataType.I64,
  bytes: DataType.U8Array,
  text: DataType.String,
  external: DataType.External,
  void: DataType.Void,
} as const;

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

/**
 * Opens a shared library and binds a table of its functions.
 * Throws FamfsError `no-library`, which names the package, when the library is not installed.
 */
export function bind<T extends Record<string, CFunction>>(
  library: Library,
  table: T,
): { [K in keyof T]: Bound<T[K]> } {
  try {
    open({ library: library.soname, path: library.soname });
  } catch (cause) {
    throw new FamfsError(
      'no-library',
      `${library.soname} cannot be loaded: ${(cause as Error).message}`,
      `install it: apt-get install ${library.debianPackage}`,
      { cause },
    );
  }
  const raw = define(
    Object.fromEntries(
      Object.entries(table).map(([name, f]) => [
        name,
        {
          library: library.soname,
          retType: C_TYPES[f.returns],
          paramsType: f.takes.map((type) => C_TYPES[type]),
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

/** An error of a C call in the shape of Node's own system errors: `code` is the errno's name. */
export function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  return Object.assign(new Error(`${code}: ${text}, ${call}`), { code, errno: -errno, syscall: call });
}

export { createExternalBuffer, type JsExternal };
