import type { Mount } from './mounts';
import { View } from './view';

/** Views of several mounts, each opened when it is first needed and until close(). */
export class Views {
  readonly #views = new Map<string, View>();

  /** The view of a mount. Throws what opening a view throws. */
  of(mount: Mount): View {
    let view = this.#views.get(mount.id);
    if (!view) {
      view = View.open(mount.directory);
      this.#views.set(mount.id, view);
    }
    return view;
  }

  close(): void {
    for (const view of this.#views.values()) view.close();
    this.#views.clear();
  }
}
