import { describe, expect, test } from 'vitest'

import { endOf, textOf } from '../rig/native-body.ts'
import type { IntegrationScene } from '../rig/scene.ts'

/** What fails before anything was said, and after. */
export function describeErrors(open: () => IntegrationScene): void {
  describe('errors', () => {
    test('before the head: a status, the words that are meant for clients, and when to come back', async () => {
      const scene = open()
      const refused = await scene.chat(scene.script({ opening: 'refuse' }))
      expect([refused.status, refused.headers['retry-after']]).toEqual([429, '2'])
      expect(await refused.json()).toMatchObject({ status: 429, detail: 'Busy.', code: 'SLUICE_ERR_BACKEND' })
      const native = await scene.ask(`${scene.mount}/streams`, { body: scene.script({ opening: 'refuse' }) })
      expect([native.status, native.headers['content-type']]).toEqual([429, 'application/problem+json'])
    })

    test('before the head: of what was not meant for clients nothing is told', async () => {
      const scene = open()
      const broken = await scene.chat(scene.script({ opening: 'throw' }))
      expect(broken.status).toBeGreaterThanOrEqual(500)
      expect(await broken.text()).not.toContain('secret')
    })

    test('contract 2: after the head: an end that says so, of an answer that ends politely', async () => {
      const scene = open()
      const answer = await scene.chat(scene.script({ say: ['one '], after: 'throw' }))
      const body = await answer.text()
      expect([answer.status, textOf(body), body.includes('secret')]).toEqual([200, 'one ', false])
      expect(endOf(body)).toMatchObject({ reason: 'error', complete: false, error: {} })
    })

    test('a stranger is refused, and nothing is started', async () => {
      const scene = open()
      const script = scene.script({ say: ['one'] })
      const headers = { authorization: 'stranger' }
      const answers = [
        await scene.chat(script, { headers }),
        await scene.ask(`${scene.mount}/streams`, { body: script, headers }),
      ]
      for (const answer of answers) {
        expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer'])
        expect(await answer.json()).toMatchObject({ code: 'SLUICE_ERR_UNAUTHORIZED' })
      }
      expect((await scene.report(script)).calls).toBe(0)
    })

    test('an identify that fails is an error of the server, and the server goes on', async () => {
      const scene = open()
      const headers = { authorization: 'broken' }
      expect((await scene.chat(scene.script(), { headers })).status).toBe(500)
      const masked = await scene.ask(`${scene.mount}/streams/x`, { headers })
      expect([masked.status, (await masked.text()).includes('secret')]).toEqual([500, false])
      expect((await scene.chat(scene.script({ say: ['a'] }))).status).toBe(200)
    })
  })
}
