import { describe, expect, test } from 'vitest'

import type { IntegrationDriver } from '../rig/driver.ts'
import { endOf, textOf } from '../rig/native-body.ts'
import type { IntegrationScene } from '../rig/scene.ts'

const GZIP = { 'accept-encoding': 'gzip, deflate, br' }
const TOGETHER = 20

/** Answers as they come. */
export function describeStreaming(open: () => IntegrationScene, driver: IntegrationDriver): void {
  const { compresses = true, compressesStreams = false } = driver
  describe('streaming', () => {
    test('a word reaches its client while the source waits, whatever compresses', async () => {
      const scene = open()
      const large = await scene.ask('/large', { headers: GZIP })
      expect(large.headers['content-encoding'] !== undefined).toBe(compresses)
      const script = scene.script({ say: ['first '], after: 'wait' })
      const answer = await scene.chat(script, { headers: GZIP })
      await answer.until('first')
      await scene.go(script)
      const body = await answer.text()
      expect([textOf(body), endOf(body)]).toMatchObject(['first last', { reason: 'stop', complete: true }])
      const { 'content-type': type, 'cache-control': cache, 'content-encoding': encoding } = answer.headers
      expect([answer.status, type, cache, encoding]).toEqual([
        200,
        'text/event-stream; charset=utf-8',
        'no-store, no-transform',
        compressesStreams ? 'gzip' : undefined,
      ])
    })

    test('many at once have each their own answer', async () => {
      const scene = open()
      const texts = Array.from({ length: TOGETHER }, async (_, index) =>
        textOf(await (await scene.chat(scene.script({ say: [`${index} `, 'ü日本🎉'] }))).text()),
      )
      expect(await Promise.all(texts)).toEqual(texts.map((_, index) => `${index} ü日本🎉`))
    })

    test('HEAD has the head of an answer, and starts nothing', async () => {
      const scene = open()
      const script = scene.script({ say: ['a'] })
      const answer = await scene.look(script, { method: 'HEAD' })
      expect([answer.status, answer.headers['content-type'], await answer.text()]).toEqual([
        200,
        'text/event-stream; charset=utf-8',
        '',
      ])
      expect((await scene.report(script)).calls).toBe(0)
    })

    test('what the framework sets of cookies comes with every kind of answer', async () => {
      const scene = open()
      const started = await scene.chat(scene.script({ say: ['a'] }))
      await started.text()
      const answers = [
        started,
        await scene.ask(started.location, { headers: { accept: 'text/event-stream' } }),
        await scene.ask(started.location, { headers: { accept: 'application/json' } }),
        await scene.ask(`${started.location}?after=now`),
        await scene.ask(`${scene.mount}/streams/unknown`),
        await scene.chat(scene.script(), { headers: { authorization: 'stranger' } }),
        await scene.look(scene.script(), { method: 'HEAD' }),
      ]
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 204, 404, 401, 200])
      expect(answers.map(({ cookies }) => cookies.filter((cookie) => /^[ab]=/.test(cookie)))).toEqual(
        answers.map(() => ['a=1', 'b=2']),
      )
    })
  })
}
