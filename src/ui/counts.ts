/** "1 file", "2 files"; `plural` where it is not the singular and an s. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** "1 entry of the log is damaged", "2 entries of the log are damaged". */
export function damagedEntries(count: number): string {
  return `${counted(count, 'entry', 'entries')} of the log ${count === 1 ? 'is' : 'are'} damaged`;
}

/** "12 files, 1 directory". */
export function filesAndDirectories(files: number, directories: number): string {
  return `${counted(files, 'file')}, ${counted(directories, 'directory', 'directories')}`;
}
