import type { Sluice, StreamIdentity } from '@sluice/core'
import type { Identify, MountOptions, StreamResourceOptions } from '@sluice/http'
import type { NextRequest } from 'next/server.js'

/** Options of `sluiceHandlers`. */
export interface SluiceHandlersOptions
  extends Omit<StreamResourceOptions<NextRequest>, 'identify' | 'sluice'>, MountOptions {
  /**
   * Makes the sluice of this process. It is called once, by the first request: bundles of other routes, and modules that
   * are loaded anew in development, share what it gave.
   */
  sluice: () => Sluice
  /** Tells several sluices of one process apart. Default: there is one. */
  name?: string | undefined
  /** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify: Identify<NextRequest>
  /** Path of the folder that has the catch-all route, `basePath` included: `/v1` for `app/v1/[...sluice]`. Default: the root. */
  mount?: string | undefined
  /** Largest request body, in bytes. Default 1 MiB. */
  maxBodyBytes?: number | undefined
  /** Is told what a source threw, of which readers are told no more than they may know. */
  onSourceError?: ((error: unknown, stream: StreamIdentity) => void) | undefined
  /** Receives what an operator should know, such as streams in the memory of a serverless function. Default: `process.emitWarning`. */
  onWarning?: ((message: string) => void) | undefined
}
