/** "1 file", "2 files"; `plural` where it is not the singular and an s. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** "12 files, 1 directory". */
export function filesAndDirectories(files: number, directories: number): string {
  return `${counted(files, 'file')}, ${counted(directories, 'directory', 'directories')}`;
}
