import { setTimeout as sleep } from 'node:timers/promises'
import { createSluice } from '@sluice/core'
import { sluiceHandlers } from '@sluice/next'

// Everybody is one owner here; a real application looks at the session. On several instances the sluice has a shared store.
export const streams = sluiceHandlers({
  sluice: () => createSluice(),
  identify: () => ({ owner: 'everyone' }),
  mount: '/api',
})

/** Stands in for a model runner. */
export async function* speak(prompt, signal) {
  for (const word of `You asked: ${prompt} A model would know more. ${'And so on. '.repeat(30)}`.split(/(?<= )/)) {
    await sleep(40, undefined, { signal })
    yield word
  }
}
