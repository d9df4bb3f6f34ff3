import { expect, test } from 'vitest'

import { requestLine, startBatchLab } from './batch-lab.ts'
import type { Browser, Tab, Watched } from './person.ts'
import { faultsIn } from './faults.ts'
import { startPage } from './start-page.ts'

const LINES = Array.from({ length: 30 }, (_, index) => requestLine(index))
const STATE = `document.querySelector('#batch-state').textContent`
const ROW = `document.querySelector('#batch-rows tr')`
const DONE = `${ROW}?.querySelector('progress + small').textContent`

const untilState = (tab: Tab, state: string): Promise<void> =>
  tab.until(`${ROW}?.children[1].firstChild.textContent === ${JSON.stringify(state)}`)

/** What the tab with batches does, in one browser. */
export function describeBatches(browser: () => Browser): void {
  test('a file is uploaded, watched and saved: nothing moves, and the row stays the element it is', async () => {
    await using lab = await startBatchLab()
    const tab = await browser().open(`${lab.gateway.url}/`)
    await tab.press('Batches')
    await tab.until(`document.querySelector('#batch-hint').textContent.includes('none yet')`)
    expect(await faultsIn(tab)).toEqual([])
    await tab.give('File of requests', await lab.write('questions.jsonl', LINES))
    await tab.press('Upload and run')
    await tab.until(`${STATE} === 'questions.jsonl was uploaded.'`)
    await untilState(tab, 'in progress')
    expect(await tab.evaluate(`${ROW}.querySelector('th').firstChild.textContent`)).toBe('questions.jsonl')
    await tab.until(`${DONE} === '0 of 30'`)
    await tab.evaluate(`globalThis.row = ${ROW}, row.querySelector('.acts button:not([hidden])').focus(), 0`)
    lab.backend.say('An answer')
    lab.backend.finish()
    await untilState(tab, 'completed')
    expect(await tab.evaluate(`row.isConnected && ${DONE}`)).toBe('30 of 30')
    expect(await tab.evaluate(`row.children[3].textContent`)).toMatch(/^took \d+ s$/)
    expect(await faultsIn(tab)).toEqual([])
    const { name, text } = await tab.saves(() => tab.press('Save answers'))
    expect(name).toMatch(/^batch_\w+_output\.jsonl$/)
    const answers = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer)
    expect(answers.map(({ custom_id: id }) => id).toSorted()).toEqual(
      LINES.map((_, index) => `line-${index}`).toSorted(),
    )
    expect(new Set(answers.map(({ response }) => response.body.choices[0]!.message.content))).toEqual(
      new Set(['An answer']),
    )
    const { violations, errors, shift } = await tab.evaluate<Watched>('globalThis.watched')
    expect({ violations, errors }).toEqual({ violations: [], errors: [] })
    expect(shift).toBeLessThanOrEqual(0.02)
    await tab.close()
  })

  test('a file that is wrong is told by line; a batch is cancelled; the example needs no file', async () => {
    await using lab = await startBatchLab()
    const tab = await browser().open(`${lab.gateway.url}/#batches`)
    await tab.give('File of requests', await lab.write('twice.jsonl', [requestLine(1), requestLine(1)]))
    await tab.press('Upload and run')
    await untilState(tab, 'failed')
    expect(await tab.evaluate(`${ROW}.children[1].lastChild.textContent`)).toMatch(/^Line 2 .*line-1/)
    await tab.press('Run an example of 40 lines')
    await tab.until(`${DONE} === '0 of 40'`)
    await expect.poll(() => lab.backend.asked).toBeGreaterThan(0)
    await tab.press('Cancel')
    await untilState(tab, 'cancelling')
    lab.backend.say('Late')
    lab.backend.finish()
    await untilState(tab, 'cancelled')
    await tab.close()
  })

  test('with a key, files are saved by the page, which alone has it', async () => {
    await using lab = await startBatchLab(['--auth', 'bearer'])
    const tab = await browser().open(`${lab.gateway.url}/#batches`)
    await tab.until(`document.querySelector('#notice').textContent.includes('asks for a key')`)
    await tab.write('API key', 'sk-right')
    await tab.press('Use this key')
    lab.backend.say('Hello')
    lab.backend.finish()
    await tab.give('File of requests', await lab.write('mine.jsonl', LINES))
    await tab.press('Upload and run')
    await untilState(tab, 'completed')
    const { name, text } = await tab.saves(() => tab.press('Save answers'))
    expect([name, text.trimEnd().split('\n').length]).toEqual(['mine-answers.jsonl', LINES.length])
    await tab.close()
  })

  test('a gateway that keeps nothing says what batches need', async () => {
    const gateway = await startPage([])
    const tab = await browser().open(`${gateway.url}/#batches`)
    await tab.until(`${STATE}.includes('--data <directory>') && ${STATE}.includes('--redis <url>')`)
    await tab.close()
    await gateway.close()
  })
}

interface Answer {
  readonly custom_id: string
  readonly response: {
    readonly body: { readonly choices: readonly { readonly message: { readonly content: string } }[] }
  }
}
