import { describe, expect, test } from 'vitest'

import { endOf, lastIdOf, textOf } from '../rig/native-body.ts'
import type { IntegrationScene } from '../rig/scene.ts'

/** Coming back, and ending a stream for everyone. */
export function describeResuming(open: () => IntegrationScene): void {
  describe('resume and cancel', () => {
    test('contract 1: who comes back with a cursor has the rest, at the stream and at its route, and nothing is generated twice', async () => {
      const scene = open()
      const script = scene.script({ say: ['one '], after: 'wait' })
      const cut = await scene.look(script)
      const first = await cut.until('\ndata: {"text":"one "}\n\n')
      cut.leave()
      const headers = { 'last-event-id': lastIdOf(first) }
      const [there, here] = await Promise.all([scene.ask(cut.location, { headers }), scene.look(script, { headers })])
      await scene.go(script)
      const bodies = [await there.text(), await here.text()]
      expect(bodies.map((body) => textOf(first) + textOf(body))).toEqual(['one last', 'one last'])
      expect((await scene.report(script)).calls).toBe(1)
      const over = await scene.look(script, { headers: { 'last-event-id': lastIdOf(bodies[0]!) } })
      expect([over.status, over.headers['sluice-end'], await over.text()]).toEqual([204, 'stop', ''])
      expect((await scene.look(script, { headers: { 'last-event-id': 'x.y' } })).status).toBe(400)
    })

    test('contract 4: a cancel ends it for every reader, and reaches the source', async () => {
      const scene = open()
      const script = scene.script({ say: ['one '], after: 'wait' })
      const answer = await scene.chat(script)
      const reading = await scene.ask(answer.location)
      const cancelled = await scene.ask(`${answer.location}/cancel`, { method: 'POST' })
      expect(await cancelled.json()).toMatchObject({ status: 'ended', end: { reason: 'cancelled', cause: 'client' } })
      for (const body of [await answer.text(), await reading.text()]) {
        expect(endOf(body)).toMatchObject({ reason: 'cancelled', complete: false })
      }
      await scene.reported(script, ({ aborted }) => aborted, 'the source was told')
    })

    test('DELETE takes it away', async () => {
      const scene = open()
      const answer = await scene.chat(scene.script({ say: ['one'] }))
      await answer.text()
      expect((await scene.ask(answer.location, { method: 'DELETE' })).status).toBe(200)
      expect([404, 410]).toContain((await scene.ask(answer.location)).status)
    })

    test('contract 12: one identify answers for the route and for the stream: another user finds nothing there, a stranger nothing at all', async () => {
      const scene = open()
      const answer = await scene.chat(scene.script({ say: ['one'] }))
      const as = async (authorization: string): Promise<number> =>
        (await scene.ask(answer.location, { headers: { authorization } })).status
      expect([await as('ada'), await as('bob'), await as('stranger')]).toEqual([200, 404, 401])
    })
  })
}
