import { printable } from '../log/paths';
import { INO, KIND } from '../log/tree';
import { withView } from './view';

/** Files that lie, in part or as a whole, on devices that cannot be used. */
export interface AbsentFiles {
  readonly files: number;
  /** Paths of the first of them in the order of the log, at most MOST_PATHS. */
  readonly paths: string[];
}

export const MOST_PATHS = 100;

/** Finds the files that need any of the devices with these indexes. Throws what opening a view throws. */
export function absentFiles(target: string, devices: ReadonlySet<number>): Promise<AbsentFiles> {
  return withView(target, { unchecked: true }, ({ tree }) => {
    const paths: string[] = [];
    let files = 0;
    for (let ino: number = INO.first; ino <= tree.lastIno; ino++) {
      if (tree.kind.get(ino) !== KIND.file) continue;
      let needs = false;
      tree.eachExtent(ino, (devindex) => {
        needs ||= devices.has(devindex);
      });
      if (!needs) continue;
      files++;
      if (paths.length < MOST_PATHS) paths.push(printable(tree.path(ino)));
    }
    return { files, paths };
  });
}
