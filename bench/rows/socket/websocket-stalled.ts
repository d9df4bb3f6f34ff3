import { RAW_WS, SLUICE_WS } from '../../contestants/roster.ts'
import type { Row } from '../../trials/row.ts'
import { measureStalled } from '../http/stalled-readers.ts'

export const websocketStalled: Row = {
  id: 'ws-stalled',
  title: 'Sockets that do not read',
  what: 'As `stalled`, over WebSocket: sources willing to give 50 MB each in fresh 4 KiB tokens, to peers that read the opening alone.',
  expected:
    'Raw ws buffers whatever is sent, until it is stopped. Ours pauses each source; the log keeps 1 MiB a stream.',
  contestants: [RAW_WS, SLUICE_WS],
  floors: [
    {
      what: 'heap after a collection, above Σ caps + 20 KiB a stream',
      metric: 'heapOverCapsMib',
      contestant: SLUICE_WS,
      compare: 'value',
      unit: 'MiB',
      max: 0,
    },
    {
      what: 'RSS growth once paused',
      metric: 'rssMib',
      contestant: SLUICE_WS,
      compare: 'value',
      unit: 'MiB',
    },
    { what: 'RSS growth at its peak, raw ws', metric: 'peakRssMib', contestant: RAW_WS, compare: 'value', unit: 'MiB' },
  ],
  measure: (stage) => measureStalled(stage),
}
