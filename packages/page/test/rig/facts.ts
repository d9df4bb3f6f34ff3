import { expect, test } from 'vitest'

import { faultsIn } from './faults.ts'
import type { Lab } from './lab.ts'
import type { Tab, Watched } from './person.ts'
import { untilSaid, untilSettled, untilShown } from './shown.ts'

const CELL = `document.querySelectorAll('#sim-cells td small').length`

const watchedIn = (tab: Tab): Promise<Watched> => tab.evaluate('globalThis.watched')

/** What holds of every tab of the page, in one browser. */
export function describeFacts(lab: Lab): void {
  test('all tabs, used from end to end: axe-core finds nothing, nothing breaks the policy, nothing moves, nothing fails', async () => {
    const tab = await lab.fresh()
    expect(await faultsIn(tab)).toEqual([])
    await tab.write('Prompt', 'Say something')
    await tab.choose('Simulated network', '4g')
    lab.backend.say('One sentence. ', 'Another one. ')
    lab.backend.finish()
    await tab.press('Start')
    for (const name of ['sync', 'naive', 'sluice']) await untilSaid(tab, name, 'Complete.')
    await tab.until(`document.querySelector('#spoken').textContent.includes('Another one.')`)
    await tab.until(`document.querySelector('#held-there').textContent.includes('B')`)
    await untilSettled(tab)
    const label = `document.querySelector('#timeline').ariaLabel`
    const whole = await tab.evaluate(label)
    await tab.press('Zoom in')
    await tab.until(`${label} !== ${JSON.stringify(whole)}`)
    await tab.press('Zoom out')
    await tab.press('Show all')
    await tab.until(`${label} === ${JSON.stringify(whole)}`)
    expect(await faultsIn(tab)).toEqual([])
    lab.backend.renew()
    await tab.press('Start')
    await expect.poll(() => lab.backend.asked).toBe(1)
    await tab.press('Stop')
    await untilSaid(tab, 'sluice', 'Cancelled')

    await tab.press('Live')
    await tab.until(`document.querySelectorAll('#live-streams tr').length > 0`)
    await tab.until(`document.querySelector('#live-streams td').textContent === 'cancelled, client'`)
    expect(await faultsIn(tab)).toEqual([])

    await tab.press('Policies')
    await tab.until(`${CELL} === 16`)
    await tab.choose('Model', 'bursts')
    await tab.press('Simulate')
    await tab.choose('Network of the plot', '3g')
    await tab.until(
      `/Delays of tokens on 3g: median delays: immediate .*, yours/.test(document.querySelector('#sim-chart').ariaLabel)`,
    )
    expect(await faultsIn(tab)).toEqual([])
    const { violations, errors, shift } = await watchedIn(tab)
    expect({ violations, errors }).toEqual({ violations: [], errors: [] })
    expect(shift).toBeLessThanOrEqual(0.02)
    await tab.close()
  })

  test('a policy of one’s own is simulated beside core’s; one that is none is told so, and one that reaches out reaches nothing', async () => {
    const tab = await lab.fresh()
    await tab.press('Policies')
    await tab.until(`document.querySelector('#sim-cells').textContent.includes('yours: eights')`)
    await tab.until(`document.querySelector('#sim-state').textContent.includes('streams in')`)
    await tab.write('Your own policy', '({ name: 1 })')
    await tab.press('Simulate')
    await tab.until(`document.querySelector('#sim-state').textContent.includes('That is no policy')`)
    await tab.write(
      'Your own policy',
      `({ name: 'x', maxDelayMs: 9, take: () => { throw new Error('my own mistake') } })`,
    )
    await tab.press('Simulate')
    await tab.until(`document.querySelector('#sim-state').textContent.includes('my own mistake')`)
    // What came back would be no policy either: the message says that nothing did.
    const reach = `(() => { const asked = new XMLHttpRequest(); asked.open('GET', '/v1/live', false); asked.send() })()`
    await tab.write('Your own policy', reach)
    await tab.press('Simulate')
    await tab.until(`/network error|failed to load/i.test(document.querySelector('#sim-state').textContent)`)
    // The page itself makes no code of text.
    expect(
      await tab.evaluate(
        `(() => { const script = document.createElement('script'); script.textContent = 'globalThis.ran = 1'; document.head.append(script); return globalThis.ran })()`,
      ),
    ).toBeUndefined()
    await tab.close()
  })

  test('from 360 pixels on nothing is wider than the page', async () => {
    const tab = await lab.fresh()
    for (const width of [360, 768, 1_440]) {
      await tab.resize(width, 800)
      for (const name of ['Compare', 'Live', 'Batches', 'Policies']) {
        await tab.press(name)
        const fits = await tab.evaluate(`document.documentElement.scrollWidth <= innerWidth`)
        expect([name, width, fits]).toEqual([name, width, true])
      }
    }
    await tab.close()
  })

  test('the keyboard alone does: tabs by arrows, a stream by Enter', async () => {
    const tab = await lab.fresh()
    const focused = `document.activeElement.id`
    await tab.evaluate(`document.querySelector('#tab-compare').focus(), 0`)
    await tab.key('ArrowRight')
    expect(await tab.evaluate(focused)).toBe('tab-live')
    expect(await tab.evaluate(`document.querySelector('#live').checkVisibility()`)).toBe(true)
    await tab.key('Home')
    expect(await tab.evaluate(focused)).toBe('tab-compare')
    lab.backend.say('Hello')
    lab.backend.finish()
    await tab.evaluate(`document.querySelector('#transport').focus(), 0`)
    for (let step = 0; step < 9 && (await tab.evaluate(focused)) !== 'start'; step++) await tab.key('Tab')
    await tab.key('Enter')
    await untilShown(tab, 'sluice', 'Hello')
    await untilShown(tab, 'naive', 'Hello')
    await tab.close()
  })
}
