import { createSluice, type TokenStream } from '@sluice/core'
import ranks from 'gpt-tokenizer/bpeRanks/cl100k_base'
import { encode } from 'gpt-tokenizer/encoding/cl100k_base'

const sluice = createSluice()
const as = { owner: 'me' }
let stream: TokenStream | undefined

onclick = async ({ target }) => {
  const { id } = target as HTMLElement
  if (id === 'ask') await show('answer', (stream = await sluice.start(({ signal }) => think(signal), { as })))
  if (id === 'stop') await stream?.cancel()
  // Another reader, at any time: it has all of it from the first token on, and the model does not run again.
  if (id === 'again' && stream) await show('copy', await sluice.attach({ id: stream.id }, { as }))
}

async function show(place: string, reading: TokenStream): Promise<void> {
  const element = document.querySelector(`#${place}`)!
  element.textContent = ''
  for await (const event of reading) {
    if (event.type === 'text') element.append(event.text)
    if (event.type === 'end') element.setAttribute('data-end', event.reason)
  }
}

/** Stands in for a model that runs on this device. Its tokens are real: some are a part of a letter, and core joins them. */
async function* think(signal: AbortSignal): AsyncGenerator<string | Uint8Array> {
  for (const token of encode(`No server 🧑‍🚀 took part in 日本語 or any of this. ${'And so on. '.repeat(400)}`)) {
    await new Promise((resolve) => setTimeout(resolve, 30))
    if (signal.aborted) return
    const piece = ranks[token] ?? ''
    yield typeof piece === 'string' ? piece : Uint8Array.from(piece)
  }
}
