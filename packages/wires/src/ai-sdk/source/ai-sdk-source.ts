import { type Source, type SourceContext, SluiceError, type SourceItem } from '@sluice/core'
import { AiSdkParts } from './ai-sdk-parts.ts'

/** A stream of the AI SDK's: strings, or parts. */
export type AiSdkStream = AsyncIterable<unknown>

/** What `streamText` returns (`fullStream`), what a language model's `doStream` gives (`stream`), or such a stream itself. */
export type AiSdkResult = AiSdkStream | { readonly fullStream: AiSdkStream } | { readonly stream: AiSdkStream }

/** A result, or what makes one for a signal. */
export type AiSdkRun = AiSdkResult | ((context: SourceContext) => AiSdkResult | Promise<AiSdkResult>)

/**
 * A source that says what a stream of the AI SDK says: text, reasoning, tool calls with their input, results and errors, usage and
 * the reason of the finish. Give it a function that hands the signal on, so that a cancel reaches the model: a stream alone is
 * only read no further. Nothing is pulled that no reader has room for.
 *
 * Sources, files and what else a page may show are application events, `ai-sdk.source` and the like.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` for what is none of these; `SLUICE_ERR_BACKEND`, once it runs, for an `error` part
 * @example
 * ```ts
 * const source = fromAiSdk(({ signal }) => streamText({ model, prompt, abortSignal: signal }))
 * const stream = await sluice.start(source, { as })
 * ```
 */
export function fromAiSdk(run: AiSdkRun): Source {
  if (typeof run !== 'function') streamOf(run)
  return async (context) => itemsOf(streamOf(typeof run === 'function' ? await run(context) : run))
}

async function* itemsOf(stream: AiSdkStream): AsyncGenerator<SourceItem, void, undefined> {
  const parts = new AiSdkParts()
  for await (const part of stream) {
    const items = typeof part === 'string' ? [part] : parts.take(part)
    if (items.length > 0) yield items.length === 1 ? items[0]! : items
  }
  parts.end()
}

function streamOf(result: AiSdkResult): AiSdkStream {
  const given = ((result as unknown) ?? {}) as { fullStream?: unknown; stream?: unknown }
  const stream = isStream(result) ? result : isStream(given.fullStream) ? given.fullStream : given.stream
  if (isStream(stream)) return stream
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    'fromAiSdk was given nothing that streams: give it what streamText returns, or a function that returns it.',
  )
}

function isStream(value: unknown): value is AiSdkStream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
