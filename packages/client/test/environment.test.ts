import { afterEach, describe, expect, test, vi } from 'vitest'

import { createEnvironment } from '../src/clock/environment.ts'

afterEach(() => vi.unstubAllGlobals())

/** A page of which a test says what happens to it. */
function stubPage(page: { onLine?: boolean | undefined; visibilityState?: string }): (type: string) => void {
  const events = new EventTarget()
  vi.stubGlobal('addEventListener', events.addEventListener.bind(events))
  vi.stubGlobal('removeEventListener', events.removeEventListener.bind(events))
  vi.stubGlobal('navigator', { onLine: page.onLine })
  vi.stubGlobal('document', { visibilityState: page.visibilityState })
  return (type) => void events.dispatchEvent(new Event(type))
}

function heard(): { signs: string[]; stop: () => void } {
  const signs: string[] = []
  return { signs, stop: createEnvironment().onNetwork((sign) => signs.push(sign)) }
}

describe('signs of the network', () => {
  test('are heard until nobody listens any more', () => {
    const happens = stubPage({ onLine: true, visibilityState: 'visible' })
    const { signs, stop } = heard()
    for (const type of ['offline', 'online', 'pageshow', 'visibilitychange']) happens(type)
    expect(signs).toEqual(['offline', 'wake', 'wake', 'wake'])
    stop()
    happens('online')
    expect(signs.length).toBe(4)
  })

  test('a page that is hidden does not wake, but for a network that is back', () => {
    const happens = stubPage({ onLine: true, visibilityState: 'hidden' })
    const { signs } = heard()
    happens('visibilitychange')
    happens('online')
    expect(signs).toEqual(['wake'])
  })

  test('a page without a network is told so at once; a runtime that says nothing of one is not', () => {
    stubPage({ onLine: false })
    expect(heard().signs).toEqual(['offline'])
    stubPage({ onLine: undefined })
    expect(heard().signs).toEqual([])
  })

  test('a runtime without such events is asked for none', () => {
    vi.stubGlobal('addEventListener', undefined)
    const { signs, stop } = heard()
    stop()
    expect(signs).toEqual([])
  })
})

test('contract 14: a timer that was called off is gone, and one of a century does not ring at once', async () => {
  const { after } = createEnvironment()
  let rings = 0
  after(0, () => rings++)()
  const callOff = after(1e15, () => rings++)
  await new Promise((resolve) => setTimeout(resolve, 5))
  callOff()
  expect(rings).toBe(0)
})
