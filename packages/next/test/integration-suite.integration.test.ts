import { describeBehindNginx, describeIntegration } from '@sluice/conformance'
import { until } from '@sluice/testing/patience'
import { expect, onTestFinished, test } from 'vitest'

import { builtApp, startApp } from './rig/next-app.ts'

const built = builtApp()

const serve = async () => startApp(await built)

describeIntegration('Next.js, as `next build` and `next start` make it, behind a proxy.js', { serve })
describeBehindNginx('Next.js', { serve })

test('on a platform of several instances a function lives as long as its stream, and memory is worth a warning, once', async () => {
  const app = await startApp(await built, { VERCEL: '1', PLATFORM: '1' })
  onTestFinished(() => app.close())
  const headers = { authorization: 'ada', 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'left', say: ['one '], after: 'wait', onDisconnect: 'continue' })
  const leaving = new AbortController()
  await fetch(`${app.url}/chat`, { method: 'POST', headers, body, signal: leaving.signal })
  leaving.abort()
  const platform = async () => (await (await fetch(`${app.url}/platform`)).json()) as { kept: number; settled: number }
  const { kept, settled } = await platform()
  expect([kept - settled, kept > 0]).toEqual([1, true])
  await fetch(`${app.url}/suite?name=left&go=1`)
  await until(async () => (await platform()).settled === kept, 'the stream is settled')
  expect(app.printed().match(/Streams are kept in memory, and Vercel/g)).toHaveLength(1)
})
