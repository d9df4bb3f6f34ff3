import type { Runtime, Store } from '@sluice/core'
import type { MaybePromise } from '@sluice/core/extend'

/** A store under test: how to make one, and what it can do. */
export interface StoreDriver {
  /** Makes an empty store, which shares nothing with those made before. `runtime` is its clock and its timers. */
  create(runtime: Runtime): MaybePromise<Store>
  /**
   * Makes another store on the data of `store`, which `create` has made: what another process would have. A store that
   * is its process's only one may give itself. Left out: nothing is looked at from elsewhere.
   */
  another?: ((store: Store, runtime: Runtime) => MaybePromise<Store>) | undefined
  /**
   * True for a store that is somewhere else: what is appended is there later, other processes are told of it later still,
   * and `usage` speaks of what this process holds. False: all of that is one thing, and happens at once.
   *
   * @defaultValue false
   */
  remote?: boolean | undefined
  /**
   * True for a store whose data no other process has: `another` gives itself, and there are no readers elsewhere.
   *
   * @defaultValue false
   */
  alone?: boolean | undefined
  /**
   * What its time is. `virtual`: that of the runtime it was given, hence the suite's to move. `real`: one that the suite
   * can only wait for, such as a server's; the runtime is the system's then.
   *
   * @defaultValue 'virtual'
   */
  time?: 'virtual' | 'real' | undefined
  /**
   * Makes a store that holds at most about this many bytes of logs: ended streams are given up for it, and starts
   * refused. Left out: that is not tested, and `create` must make a store with room for a few MiB.
   */
  boundedMemory?: ((maxBytes: number, runtime: Runtime) => MaybePromise<Store>) | undefined
  /**
   * How many random lists of commands are compared with the model.
   *
   * @defaultValue `RUNS` of `@sluice/testing`
   */
  runs?: number | undefined
}
