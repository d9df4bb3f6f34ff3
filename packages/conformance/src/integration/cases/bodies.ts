import { describe, expect, test } from 'vitest'

import { textOf } from '../rig/native-body.ts'
import type { IntegrationScene } from '../rig/scene.ts'

/** Bodies of requests, which the framework may have read before. */
export function describeBodies(open: () => IntegrationScene): void {
  describe('bodies of requests', () => {
    test('one that was parsed is what the runner gets', async () => {
      const scene = open()
      const script = scene.script({ say: ['a ', 'b'] })
      const answer = await scene.ask(`${scene.mount}/streams`, { body: script })
      expect([answer.status, textOf(await answer.text())]).toEqual([200, 'a b'])
      const json = await scene.ask(`${scene.mount}/streams`, {
        body: { ...scene.script({ say: ['c'] }), stream: false },
      })
      expect(await json.json()).toMatchObject({ text: 'c', status: 'ended' })
    })

    test('what is no JSON, or says that it is none, starts nothing', async () => {
      const scene = open()
      for (const asked of [{ method: 'POST' }, { text: '{"say": ["a"' }]) {
        const broken = await scene.ask(`${scene.mount}/streams`, asked)
        expect(broken.status).toBeGreaterThanOrEqual(400)
        expect(broken.status).toBeLessThan(500)
      }
      const script = scene.script()
      const text = await scene.ask(`${scene.mount}/streams`, {
        body: script,
        headers: { 'content-type': 'text/plain' },
      })
      expect(text.status).toBe(415)
      expect((await scene.report(script)).calls).toBe(0)
    })

    test('a message reaches its source, and a cancel without a body is one', async () => {
      const scene = open()
      const script = scene.script({ say: ['a'], after: 'wait' })
      const answer = await scene.chat(script)
      const sent = await scene.ask(`${answer.location}/send`, { body: { approve: true } })
      expect(sent.status).toBe(202)
      await scene.reported(script, ({ heard }) => heard.length > 0, 'the source has heard')
      expect((await scene.report(script)).heard).toEqual([{ approve: true }])
      const cancelled = await scene.ask(`${answer.location}/cancel`, { method: 'POST' })
      expect(cancelled.status).toBe(200)
    })
  })
}
