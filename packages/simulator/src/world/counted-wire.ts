import type { Encoder, Wire } from '@sluice/core/extend'

/** `wire`, which says how many characters of text each chunk carries before it is written. */
export function countedWire(wire: Wire, onText: (chars: number) => void): Wire {
  const create: Wire['create'] = (facts, options) => {
    const encoder = wire.create(facts, options)
    const counted: Encoder = {
      open: (start) => encoder.open(start),
      encode(chunk) {
        let chars = 0
        for (const { event } of chunk) if (event.type === 'text') chars += event.text.length
        onText(chars)
        return encoder.encode(chunk)
      },
      closed: (notice) => encoder.closed(notice),
      heartbeat: () => encoder.heartbeat(),
    }
    return counted
  }
  return { ...wire, create }
}
