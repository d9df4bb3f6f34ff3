import type { ClientEvent, Transport } from '@sluice/client'

/** The text of choice 0 in an event. */
export function textOf(event: Pick<ClientEvent, 'type'>): string {
  const { type, text, choice } = event as { type: string; text?: string; choice?: number }
  return type === 'text' && !choice ? (text ?? '') : ''
}

/** `transport`, which says how many characters of text have come as soon as they are there. */
export function watched(transport: Transport, onChars: (chars: number) => void): Transport {
  return {
    name: transport.name,
    open: (request, listener) =>
      transport.open(request, {
        said: (input) => listener.said(input),
        learned: (facts) => listener.learned(facts),
        event(event, cursor) {
          const chars = textOf(event).length
          if (chars > 0) onChars(chars)
          listener.event(event, cursor)
        },
      }),
    ...(transport.control && { control: (request) => transport.control!(request) }),
  }
}
