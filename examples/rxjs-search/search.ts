// A search box that asks a model while you type: each line on stdin is a query, and the answer to the one before is cancelled.
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { adaptive, createSluice } from '@sluice/core'
import { accumulate, chunkBy, toObservable } from '@sluice/rxjs'
import { debounceTime, distinctUntilChanged, fromEvent, map, mergeAll, switchMap } from 'rxjs'

const sluice = createSluice()
const box = createInterface({ input: process.stdin })

fromEvent(box, 'line')
  .pipe(
    map((line) => String(line).trim()),
    distinctUntilChanged(),
    debounceTime(50),
    // Unsubscribing ends the stream, and with it the model: nobody reads what nobody asks for any more.
    switchMap((query) =>
      toObservable(() => sluice.start(({ signal }) => think(query, signal), { as: { owner: 'you' } }), {
        onUnsubscribe: 'cancel',
      }).pipe(chunkBy(adaptive()), mergeAll(), accumulate()),
    ),
  )
  .subscribe(({ text, end }) => console.log(end ? `answer: ${text}` : `…${text.slice(-30)}`))

console.log('ready: type a query')

/** Stands in for a model runner. */
async function* think(query: string, signal: AbortSignal): AsyncGenerator<string> {
  signal.addEventListener('abort', () => console.log(`stopped: ${query}`))
  for (const word of `${query} is what you asked, and this is what a slow model makes of it.`.split(/(?<= )/)) {
    await sleep(40, undefined, { signal })
    yield word
  }
}
