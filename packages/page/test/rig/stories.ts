import { expect, test } from 'vitest'

import type { Lab } from './lab.ts'
import type { Tab } from './person.ts'
import { figureOf, textIn, untilPlotted, untilSaid, untilShown } from './shown.ts'

const TOKENS = Array.from({ length: 40 }, (_, index) => `word${index} `)
const HALF = TOKENS.slice(0, 20)
const REST = TOKENS.slice(20)
const WHOLE = TOKENS.join('')
const PANES = ['sync', 'naive', 'sluice']

async function begin(lab: Lab, prepare: (tab: Tab) => Promise<void> = async () => undefined): Promise<Tab> {
  const tab = await lab.fresh()
  await prepare(tab)
  lab.backend.say(...HALF)
  await tab.press('Start')
  await untilShown(tab, 'sluice', HALF.join(''))
  await untilShown(tab, 'naive', HALF.join(''))
  return tab
}

function goOn({ backend }: Lab): void {
  backend.say(...REST)
  backend.finish()
}

/** What each story shows, in one browser. */
export function describeStories(lab: Lab): void {
  test('one stream in three panes, over each transport in turn: only the delivery differs', async () => {
    const tab = await lab.fresh()
    for (const transport of ['sse', 'websocket', 'connect', 'long-poll']) {
      lab.backend.renew()
      lab.backend.say(...HALF)
      await tab.choose('Transport', transport)
      await tab.press('Start')
      await untilShown(tab, 'sluice', HALF.join(''))
      expect(await tab.evaluate(textIn('sync'))).toBe('')
      goOn(lab)
      for (const name of PANES) {
        await untilShown(tab, name, WHOLE)
        await untilSaid(tab, name, 'Complete.')
        await tab.until(`/^\\d+$/.test(document.querySelector('#pane-${name} .score b').textContent)`)
        expect(await tab.evaluate(figureOf(name, 'Bytes'))).toMatch(/^[\d.]+ (?:B|KiB)$/)
      }
      expect(await tab.evaluate(figureOf('sync', 'TTFT'))).toBe(await tab.evaluate(figureOf('sync', 'Total')))
      await untilPlotted(tab, 'Wait and dump: 270 characters in 1 paints')
      await untilPlotted(tab, 'sluice: 270 characters in ')
      // A poll brings all that there is, and merges it.
      const paints = transport === 'long-poll' ? '' : '40 paints'
      await untilPlotted(tab, `Token by token: 270 characters in ${paints}`)
      expect(lab.backend.asked).toBe(1)
    }
    await tab.close()
  })

  test('a cut: token by token stops in mid-sentence, sluice goes on, the whole answer is asked for again', async () => {
    const tab = await begin(lab)
    await tab.press('Cut the connection')
    await untilSaid(tab, 'naive', 'Connection lost')
    goOn(lab)
    await untilShown(tab, 'sluice', WHOLE)
    await untilSaid(tab, 'sluice', 'Nothing was lost on the way.')
    await untilShown(tab, 'sync', WHOLE)
    expect(await tab.evaluate(textIn('naive'))).toBe(HALF.join(''))
    expect(lab.backend.asked).toBe(1)
    await tab.close()
  })

  test('a reload: sluice has its text back and reads on, the others died with the page', async () => {
    const tab = await begin(lab)
    await tab.press('Reload and resume')
    await untilSaid(tab, 'naive', 'died with the page')
    await untilSaid(tab, 'sync', 'died with the page')
    await untilShown(tab, 'sluice', HALF.join(''))
    goOn(lab)
    await untilShown(tab, 'sluice', WHOLE)
    await untilSaid(tab, 'sluice', 'Complete.')
    expect(lab.backend.asked).toBe(1)
    await tab.close()
  })

  test('offline: the model goes on, and what it said is there once the page is online', async () => {
    const tab = await begin(lab)
    await tab.press('Offline')
    await untilSaid(tab, 'naive', 'Connection lost')
    goOn(lab)
    await untilSaid(tab, 'sluice', 'Connection lost')
    expect(await tab.evaluate(textIn('sluice'))).toBe(HALF.join(''))
    await tab.press('Go online')
    await untilShown(tab, 'sluice', WHOLE)
    await untilShown(tab, 'sync', WHOLE)
    expect(await tab.evaluate(textIn('naive'))).toBe(HALF.join(''))
    await tab.close()
  })

  test('a second tab reads along, and the model runs once', async () => {
    const tab = await begin(lab)
    const second = await tab.opens(() => tab.press('Open in a second tab'))
    await untilShown(second, 'second', HALF.join(''))
    goOn(lab)
    await untilShown(second, 'second', WHOLE)
    await untilShown(tab, 'sluice', WHOLE)
    expect(lab.backend.asked).toBe(1)
    await second.close()
    await tab.close()
  })

  test('a cancel from a second tab stops all panes, and the model', async () => {
    const tab = await begin(lab)
    const second = await tab.opens(() => tab.press('Cancel from a second tab'))
    for (const name of ['naive', 'sluice']) await untilSaid(tab, name, 'Cancelled')
    await untilSaid(second, 'second', 'Cancelled')
    await tab.until(`document.querySelector('#pane-sync .state').textContent !== ''`)
    expect(await tab.evaluate(textIn('sluice'))).toBe(HALF.join(''))
    await expect.poll(() => lab.backend.left).toBe(1)
    await second.close()
    await tab.close()
  })

  test('whoever reads along may cancel, too', async () => {
    const tab = await begin(lab)
    const second = await tab.opens(() => tab.press('Open in a second tab'))
    await untilShown(second, 'second', HALF.join(''))
    await second.press('Cancel the stream')
    await untilSaid(tab, 'sluice', 'Cancelled')
    await expect.poll(() => lab.backend.left).toBe(1)
    await second.close()
    await tab.close()
  })

  test('a slow renderer: token by token paints each one, however late; sluice paints fewer times', async () => {
    const tab = await begin(lab, async (page) => {
      await page.check('Slow renderer')
      await page.choose('Simulated network', 'jittery')
      await page.choose('Chunking for sluice', 'calm')
    })
    goOn(lab)
    for (const name of PANES) await untilSaid(tab, name, 'Complete.')
    const paints = `Number(/sluice: 270 characters in (\\d+) paints/.exec(document.querySelector('#timeline').ariaLabel)?.[1])`
    await tab.until(`${paints} > 0`)
    expect(await tab.evaluate<number>(paints)).toBeLessThan(40)
    await untilPlotted(tab, 'Token by token: 270 characters in 40 paints')
    await tab.close()
  })
}
