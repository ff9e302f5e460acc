// Where entries of the learned state are kept between two lives of a recommender.

import type { StateEntries } from "./learned-state.ts";

export interface StateStore {
  /**
   * Everything that is kept. What cannot be read is reported to the store's owner, and left out.
   *
   * @throws OperationError if the store is away.
   */
  load(): Promise<StateEntries>;
  /**
   * Keeps these entries and no others. One call may write a part of them only, and the next call the next part: resolves
   * to whether there may be a next part.
   *
   * @throws OperationError if the store is away; the part is tried again at the next call.
   */
  save(entries: StateEntries): Promise<boolean>;
  close(): void;
}
