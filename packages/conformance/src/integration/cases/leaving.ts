import { describe, expect, test } from 'vitest'

import type { IntegrationDriver } from '../rig/driver.ts'
import { endOf, textOf } from '../rig/native-body.ts'
import type { IntegrationScene } from '../rig/scene.ts'

/** Readings of the report after which a request that was taken for a disconnect would have been cancelled. */
const LOOKS = 20
/** When the head is written where nothing but writing tells that a client has left. */
const HEAD_AFTER_MS = 500

/** What a client's leaving does, and what is none. */
export function describeLeaving(open: () => IntegrationScene, { noticesLeaving = 'at once' }: IntegrationDriver): void {
  describe('leaving', () => {
    test.each(['POST', 'GET'])(
      'contract 9: the source of a %s that is left is told at once, under "cancel"',
      async (method) => {
        const scene = open()
        const script = scene.script({ say: ['one '], after: 'wait', onDisconnect: 'cancel' })
        const answer = method === 'POST' ? await scene.chat(script) : await scene.look(script)
        await answer.until('one')
        answer.leave()
        await scene.reported(script, ({ aborted }) => aborted, 'the source was told')
        const after = await (await scene.ask(answer.location)).text()
        expect(endOf(after)).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
      },
    )

    test('a body that was read is no disconnect', async () => {
      const scene = open()
      const script = scene.script({ say: ['one '], after: 'wait', onDisconnect: 'cancel' })
      const answer = await scene.chat(script)
      await answer.until('one')
      for (let look = 0; look < LOOKS; look++) expect((await scene.report(script)).aborted).toBe(false)
      await scene.go(script)
      expect(textOf(await answer.text())).toBe('one last')
    })

    test('under "continue" the source goes on, and who comes later has all of it', async () => {
      const scene = open()
      const script = scene.script({ say: ['one '], after: 'wait', onDisconnect: 'continue' })
      const answer = await scene.chat(script)
      await answer.until('one')
      answer.leave()
      await scene.go(script)
      const later = await scene.ask(answer.location)
      expect(textOf(await later.text())).toBe('one last')
      expect(await scene.report(script)).toMatchObject({ calls: 1, aborted: false })
    })

    test('who leaves before the head has come is noticed too', async () => {
      const scene = open()
      const openAfterMs = noticesLeaving === 'by writing' ? HEAD_AFTER_MS : undefined
      const script = scene.script({ opening: 'wait', openAfterMs, onDisconnect: 'cancel' })
      const sent = scene.sendChat(script)
      await scene.reported(script, ({ calls }) => calls === 1, 'the source was called')
      sent.leave()
      await scene.reported(script, ({ aborted }) => aborted, 'the source was told')
    })
  })
}
