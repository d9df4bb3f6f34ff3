import type { Source } from '@sluice/core'
import { toChatRequest as messageToChat } from '@sluice/wires/anthropic'
import type { JsonObject } from '@sluice/wires/openai'
import { toChatRequest as responseToChat } from '@sluice/wires/openai-responses'

import { exactly } from './exact-json.ts'
import { hasReferences, type ItemsOf, withStoredItems } from './stored-items.ts'

/** Of which provider's format a request is. */
export type AskedFormat = 'chat' | 'responses' | 'messages'

/** A request in some format. */
export interface FormattedRequest extends AskedBody {
  readonly format: AskedFormat
  readonly itemsOf: ItemsOf | undefined
}

/** What is asked, and its text where that says more than the values do. */
export interface AskedBody {
  readonly body: JsonObject
  readonly bodyText: string | Uint8Array | undefined
}

/**
 * The source that `make` makes of a request as one for a chat completion: at once, or when it runs where the request names items
 * that have to be found first.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST` for what has no counterpart there
 */
export function askedAsChat(request: FormattedRequest, make: (chat: AskedBody) => Source): Source {
  const { format, body, itemsOf } = request
  const exact = exactBodyOf(request)
  if (format !== 'responses' || !itemsOf || !hasReferences(body)) return make(asChat(request, body, exact))
  return async (context) => {
    const [whole, wholeExact] = await Promise.all([
      withStoredItems(body, itemsOf),
      exact && withStoredItems(exact, itemsOf),
    ])
    return make(asChat(request, whole, wholeExact))(context)
  }
}

function asChat({ format, bodyText }: FormattedRequest, body: JsonObject, exact: JsonObject | undefined): AskedBody {
  if (format === 'chat') return { body, bodyText }
  return { body: toChatBody(body, format), bodyText: exact && JSON.stringify(toChatBody(exact, format)) }
}

/** Of a request that is translated: the same with its numbers as they were written, where that is not how values have them. */
function exactBodyOf({ format, body, bodyText }: FormattedRequest): JsonObject | undefined {
  const exact = format === 'chat' || bodyText === undefined ? undefined : exactly(bodyText)
  // What was meant for us is no part of it.
  return exact && Object.fromEntries(Object.entries(exact).filter(([name]) => Object.hasOwn(body, name)))
}

/** A request as one for a chat completion. @throws SluiceError `SLUICE_ERR_REQUEST` for what has no counterpart there */
function toChatBody(body: JsonObject, format: AskedFormat): JsonObject {
  switch (format) {
    case 'chat':
      return body
    case 'responses':
      return responseToChat(body)
    case 'messages':
      return messageToChat(body)
  }
}
