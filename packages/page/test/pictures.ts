// Pictures of every tab at three widths in both schemes, for people to look at: `node … pictures.ts <folder>`.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { launchChromium } from './rig/chromium.ts'
import { untilSaid } from './rig/shown.ts'
import { startPage } from './rig/start-page.ts'

const WIDTHS = [360, 768, 1_440]

const folder = process.argv[2]
if (folder === undefined) throw new Error('Say where the pictures go: pictures.ts <folder>')
mkdirSync(folder, { recursive: true })
const gateway = await startPage([])
const browser = await launchChromium()
for (const scheme of ['light', 'dark'] as const) {
  const tab = await browser.open(`${gateway.url}/`, scheme)
  await tab.press('Start')
  for (const name of ['sync', 'naive', 'sluice']) await untilSaid(tab, name, 'Complete.')
  for (const view of ['Compare', 'Live', 'Batches', 'Policies']) {
    await tab.press(view)
    if (view === 'Live') await tab.until(`document.querySelectorAll('#live-streams tr').length > 0`)
    if (view === 'Policies') await tab.until(`document.querySelector('#sim-state').textContent.includes('streams in')`)
    for (const width of WIDTHS) {
      await tab.resize(width, 900)
      // A plot is drawn anew with the frame after its room has changed.
      await tab.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
      await tab.picture(join(folder, `${view.toLowerCase()}-${width}-${scheme}.png`))
    }
  }
  await tab.close()
}
await browser.close()
await gateway.close()
