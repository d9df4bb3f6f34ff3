import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { measuredPage } from '../../report/page.ts'
import { simulateDefaults } from '../../simulator/command.ts'
import { outcomeOf } from './outcomes.ts'

const outcomes = [
  outcomeOf('transports-50', [
    [20, 25],
    [22, 24],
  ]),
  outcomeOf('transports-110', [
    [600, 30],
    [900, 800],
  ]),
  { ...outcomeOf('redis-x', []), verdicts: [], missing: 'no <redis>' },
]

describe('the report of a run', () => {
  let browser: Browser
  let html: string
  const folder = mkdtempSync(join(tmpdir(), 'sluice-report-'))
  const file = join(folder, 'report.html')
  beforeAll(async () => {
    const situations = await simulateDefaults(true, 1)
    html = measuredPage({ about: ['2 × <cpu>', 'seed 1'], outcomes, situations })
    writeFileSync(file, html)
    const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  async function opened(colorScheme: 'light' | 'dark'): Promise<{ page: Page; requests: string[]; faults: string[] }> {
    const page = await browser.newPage({ viewport: { width: 360, height: 740 }, colorScheme })
    const [requests, faults]: [string[], string[]] = [[], []]
    page.on('request', (request) => void requests.push(request.url()))
    page.on('pageerror', (error) => void faults.push(error.message))
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())))
    await page.goto(pathToFileURL(file).href)
    return { page, requests, faults }
  }

  test('needs nothing but itself, and says nothing that is not escaped', async () => {
    expect(html).not.toMatch(/https?:|src=|<link|@import|<naive>|<cpu>|<redis>/)
    const { page, requests, faults } = await opened('light')
    expect({ requests, faults }).toEqual({ requests: [pathToFileURL(file).href], faults: [] })
    await page.close()
  })

  test('has floors, tables, plots, what scatters, and the policies', async () => {
    const { page } = await opened('light')
    const text = await page.locator('main').innerText()
    for (const words of [
      '2 × <cpu>',
      'Scatters too much',
      'not measured: no <redis>',
      'Row transports-110',
      'Which policy where',
    ])
      expect(text).toContain(words)
    expect(await page.locator('td.miss').count()).toBeGreaterThan(0)
    expect(await page.locator('svg[aria-label="latency against load"] polyline').count()).toBe(2)
    expect(await page.locator('svg .ours .bar').count()).toBeGreaterThan(1)
    await page.close()
  })

  test('shows the source and client that are chosen', async () => {
    const { page } = await opened('light')
    const shown = (): Promise<string[]> => page.locator('section:not([hidden]) h3').allInnerTexts()
    expect(await shown()).toEqual(['chat, foreign'])
    await page.locator('#group').selectOption({ label: 'bursts, pacing' })
    expect(await shown()).toEqual(['bursts, pacing'])
    await page.close()
  })

  test.each(['light', 'dark'] as const)('fits a telephone, and can be read, %s', async (scheme) => {
    const { page } = await opened(scheme)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    const contrast = (await page.evaluate(CONTRAST)) as { worst: number; where: string }
    expect(contrast.worst > 4.5 ? 'readable' : contrast.where).toBe('readable')
    const tone = await page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(tone).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 23, 26)')
    await page.close()
  })
})

/** The least contrast of text with what is behind it, in the page; colours are painted to be known. */
const CONTRAST = `(() => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const painted = (colour, below) => {
    context.fillStyle = below
    context.fillRect(0, 0, 1, 1)
    context.fillStyle = colour
    context.fillRect(0, 0, 1, 1)
    return context.getImageData(0, 0, 1, 1).data
  }
  const light = ([red, green, blue]) => {
    const part = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
  }
  const paper = getComputedStyle(document.body).backgroundColor
  let [worst, where] = [21, '']
  for (const element of document.querySelectorAll('td, th, p, h1, h2, h3, li, summary, svg text')) {
    const style = getComputedStyle(element)
    const ink = light(painted(element.closest('svg') ? style.fill : style.color, paper))
    const behind = light(painted(element.closest('svg') ? paper : style.backgroundColor, paper))
    const contrast = (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05)
    if (contrast < worst) [worst, where] = [contrast, element.outerHTML]
  }
  return { worst, where }
})()`
