import type { TransportDriver, TransportStores } from './driver.ts'
import type { SceneOptions, TransportScene } from './scene.ts'

/** What every part of the suite is given. */
export interface OpenTransport {
  readonly driver: TransportDriver
  readonly stores: TransportStores
  /** Opens a scene that is cleaned up when its test is over. */
  readonly open: (options?: SceneOptions) => Promise<TransportScene>
}
