import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { createScreen, type ScreenOutput } from '../../src/demo-tour/screen.ts'
import { runTour } from '../../src/demo-tour/tour.ts'
import { parseGatewayOptions, startGateway } from '../../src/index.ts'

function createPaper(isTTY = false): ScreenOutput & { text: string } {
  return {
    text: '',
    isTTY,
    write(text) {
      this.text += text
    },
  }
}

test('the demo tour ends by itself, says what it found, and succeeds; without a terminal it has no colours', async () => {
  const demo = fileURLToPath(new URL('../../src/demo.ts', import.meta.url))
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--conditions=@sluice/source',
    '--disable-warning=ExperimentalWarning',
    demo,
  ])
  expect(stderr).toBe('')
  expect(stdout).not.toContain('\u001B')
  expect(stdout).toContain('Byte for byte the same')
  const sizes = /tokens per chunk: (.*)/.exec(stdout)![1]!.split(' ').map(Number)
  expect(Math.max(...sizes)).toBeGreaterThan(1)
  expect(stdout).toMatch(/cancel: request to abort of the source +\d/)
  expect(stdout).toMatch(/unread stream: pulled from its source +\d+ %/)
})

test('the demo tour fails when the gateway does not do what the tour says', async () => {
  const paper = createPaper()
  const start = async () => {
    const gateway = await startGateway(parseGatewayOptions(['--port', '0', '--log', 'quiet', '--drain-ms', '0'], {}))
    return { ...gateway, url: `${gateway.url}/nowhere` }
  }
  expect(await runTour(createScreen(paper), { start })).toBe(false)
  expect(paper.text).toContain('The tour found something wrong: expected a stream, got status 404')
})

test('a terminal gets colours, unless NO_COLOR is set', () => {
  const [colourful, plain] = [createPaper(true), createPaper(true)]
  createScreen(colourful, {}).chunk('token', 0)
  createScreen(plain, { NO_COLOR: '1' }).chunk('token', 0)
  expect(colourful.text).toContain('\u001B[')
  expect(plain.text).toBe('token|')
})
