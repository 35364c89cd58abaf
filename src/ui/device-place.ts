interface Placed {
  readonly path?: string;
  readonly trouble?: string;
}

/** Where a device is, or why it cannot be used, and then what is in its place. */
export function placeOfDevice({ path = '-', trouble }: Placed): string {
  if (trouble === undefined) return path;
  return path === '-' ? trouble : `${trouble}: ${path}`;
}
