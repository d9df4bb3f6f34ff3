import type { DataEvents, Sluice } from '@sluice/core'
import type { Wire } from '@sluice/core/extend'

import type { HttpRequest } from '../request/http-request.ts'
import type { Identify } from '../request/identify.ts'
import type { CorsOptions } from '../response/cors.ts'
import type { ResourceExtension } from './extension.ts'
import type { Provider } from './provider.ts'
import type { Runner } from './resource-parts.ts'
import type { TicketIssuer } from './ticket-handlers.ts'

/** Options of `createStreamResource`. */
export interface StreamResourceOptions<Raw = unknown, Data extends DataEvents = DataEvents> {
  sluice: Sluice<Data>
  /** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify: Identify<Raw>
  /** Makes the sources of what clients start. Without it streams are read, cancelled and so on, but not started. */
  runner?: Runner<Raw> | undefined
  /**
   * Other providers whose routes are served, too, and whose wires are spoken: those of `@sluice/http/providers`. The runner
   * is told of which format a body is. Default: none.
   */
  providers?: readonly Provider[] | undefined
  /** Wires beside the native one and the providers', for `?wire=` and for streams that were started on them. */
  wires?: readonly Wire[] | undefined
  /** More routes: those of `@sluice/jobs/http`. Default: none. */
  extensions?: readonly ResourceExtension<Raw>[] | undefined
  /**
   * Serves `POST /tickets`, and takes `?ticket=` on attaching: for an `EventSource`, which cannot send headers. A ticket is
   * good for one request, so such a page opens another `EventSource`, with another ticket, to go on after a drop.
   */
  tickets?: TicketIssuer | undefined
  /** Pages of which other origins may use the resource. Default: none. */
  cors?: CorsOptions | undefined
  /**
   * Largest answer that is collected to one JSON body, in bytes.
   *
   * @defaultValue 4194304
   */
  maxJsonBytes?: number | undefined
  /** Is told what clients are not: failures that are answered with a 500 and no further word. */
  onError?: ((error: unknown, request: HttpRequest<Raw>) => void) | undefined
}
