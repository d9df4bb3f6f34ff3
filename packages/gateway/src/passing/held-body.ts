import type { IncomingMessage } from 'node:http'

import type { Sluice } from '@sluice/core'
import { GatheredBytes } from '@sluice/core/extend'

/**
 * The body of a request that is held until the backend answers, counted among all bodies that are being received. By events:
 * iterating would destroy the request when it is given up halfway.
 *
 * @throws SluiceError `SLUICE_ERR_OVERLOADED`, `SLUICE_ERR_TIMEOUT`
 */
export function holdBody(request: IncomingMessage, bodies: Sluice['bodies'], moved: () => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const gathered = new GatheredBytes()
    const arriving = bodies.open((error) => settle(() => reject(error)))
    const settle = (settled: () => void): void => {
      arriving.close()
      request.off('data', onData).off('end', onEnd).off('close', onClose)
      // What still comes is thrown away.
      request.resume()
      settled()
    }
    const onData = (piece: Uint8Array): void => {
      moved()
      if (arriving.take(piece.byteLength)) gathered.push(piece)
    }
    const onEnd = (): void => settle(() => resolve(gathered.take()))
    const onClose = (): void => settle(() => reject(new Error('The client has left.')))
    request.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}
