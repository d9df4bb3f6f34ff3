import { SluiceError } from '@sluice/core'
import { type Closed, type Encoder, type Entry, errorOfEnd, type Wire } from '@sluice/core/extend'

/**
 * The text of the first choice and nothing else, for scripts. It has no words for an answer that was cut, or a reading that is
 * over before the answer: the connection is cut then, so that what there is does not look complete. Nothing is written while
 * there is nothing to say.
 */
export const textWire: Wire = {
  name: 'text',
  contentType: 'text/plain; charset=utf-8',
  resumable: false,
  create: () => new PlainTextEncoder(),
}

class PlainTextEncoder implements Encoder {
  open(): string {
    return ''
  }

  encode(chunk: readonly Entry[]): string {
    let text = ''
    for (const { event } of chunk) {
      if (event.type === 'text' && !event.choice) text += event.text
      else if (event.type === 'end' && !event.complete) throw errorOfEnd(event)
    }
    return text
  }

  closed({ code }: Closed): string {
    throw new SluiceError(
      'SLUICE_ERR_READING_CLOSED',
      `The reading was closed (${code}), which plain text has no words for.`,
    )
  }

  heartbeat(): string {
    return ''
  }
}
