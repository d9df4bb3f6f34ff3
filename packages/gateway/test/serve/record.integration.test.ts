import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { parseGatewayOptions } from '../../src/options/options.ts'
import { startGateway } from '../../src/serve/gateway.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-record-'))

async function answerOf(url: string, stream: boolean): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      stream,
      messages: [{ role: 'user', content: 'hi' }],
      sluice_demo: { interTokenMs: 0, ttftMs: 0, tokens: 6 },
    }),
  })
  return await response.text()
}

test('--record gives a file a line for each answer, without its text, below what it holds', async () => {
  const file = join(folder, 'traces.jsonl')
  for (const stream of [false, true]) {
    const gateway = await startGateway(parseGatewayOptions(['--port=0', '--log=quiet', `--record=${file}`], {}))
    await answerOf(gateway.url, stream)
    await gateway.close()
  }
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const traces = lines.map((line) => JSON.parse(line) as { atMs: number[]; chars: number[] })
  expect(traces.map(({ atMs, chars }) => [atMs.length, chars.length, Object.keys(traces[0]!)])).toEqual([
    [6, 6, ['atMs', 'chars']],
    [6, 6, ['atMs', 'chars']],
  ])
})

test('a file of --record that cannot be written stops the start, by name', async () => {
  const options = parseGatewayOptions(['--port=0', '--log=quiet', `--record=${join(folder, 'none', 'x')}`], {})
  await expect(startGateway(options)).rejects.toThrow(/--record \(SLUICE_RECORD_FILE\) cannot be written: .*ENOENT/)
})
