/** Builds passthrough_ll in `directory`, once, and returns the program's path. */
export function buildPeer(directory: string): string;
