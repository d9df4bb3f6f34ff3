import { createSluice } from '@sluice/core'
import { planToResponse, planTokens } from '@sluice/http'
import { openAiChat } from '@sluice/wires/openai'
import { expect, test } from 'vitest'

import { CHAT, chatTextOf, createRig, eventsOf, saying, textOf, toRequest } from '../rig/rig.ts'

const WORDS = Array.from({ length: 12 }, (_, index) => `${index} `)
const WHOLE = WORDS.join('')

/** How many chunks of text an answer came in; it is whole in any case. */
async function chunksIn(response: Response): Promise<number> {
  const events = await eventsOf(response)
  const native = events.some(({ event }) => event === 'opened')
  expect(native ? textOf(events) : chatTextOf(events)).toBe(WHOLE)
  return events.filter(({ event, data }) =>
    native ? event === 'text' : data.includes('"content":"') && !data.includes('"content":""'),
  ).length
}

test.each(['/streams', '/chat/completions'])(
  'contract 10: chunks are as small as their client wishes: POST %s',
  async (path) => {
    const { ask } = createRig(saying(WORDS))
    const json = { ...CHAT, stream: true }
    const sizes = [undefined, { maxTokens: 4 }, { maxTokens: 1 }].map(async (sluice) =>
      chunksIn(await ask('POST', path, { json: { ...json, sluice } })),
    )
    const [plain, fours, ones] = await Promise.all(sizes)
    expect(ones).toBe(12)
    expect(fours).toBeGreaterThanOrEqual(3)
    expect(plain).toBeLessThan(fours!)
  },
)

test('contract 10: and those of an attach, and of an application\u2019s own route', async () => {
  const { ask } = createRig(saying(WORDS))
  const first = await ask('POST', '/streams', { json: CHAT })
  await first.text()
  const url = `/streams/${first.headers.get('sluice-stream-id')}?maxTokens=1`
  expect(await chunksIn(await ask('GET', url))).toBe(12)
  for (const wire of [undefined, openAiChat]) {
    const plan = await planTokens(createSluice(), toRequest('GET', '/chat?maxTokens=1', {}), saying(WORDS), {
      as: { owner: 'ada' },
      wire,
    })
    expect(await chunksIn(planToResponse(plan))).toBe(12)
  }
})
