import { within } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { endOf, textOf } from '../rig/native-body.ts'
import type { IntegrationScene } from '../rig/scene.ts'

/** Pieces of 32 KiB that a kernel, a framework and the window of a stream may hold together: of 2,048. */
const MAX_PULLED = 1024
const STILL_LOOKS = 40

/** A client that does not read. */
export function describeBackpressure(open: () => IntegrationScene): void {
  test('contract 6: a client that does not read holds its source back, delays nobody else, and may leave', async () => {
    const scene = open()
    const script = scene.script({ say: ['one '], after: 'flood', onDisconnect: 'cancel' })
    const answer = await scene.chat(script)
    const pulled = await untilStands(async () => (await scene.report(script)).pulled)
    expect(pulled).toBeLessThan(MAX_PULLED)
    const other = await scene.chat(scene.script({ say: ['at once'] }))
    expect(textOf(await within(other.text(), 'another has its answer'))).toBe('at once')
    answer.leave()
    await scene.reported(script, ({ aborted }) => aborted, 'the source was told')
    const ended = await scene.ask(`${answer.location}`, { headers: { accept: 'application/json' } })
    expect(await ended.json()).toMatchObject({ end: { reason: 'cancelled', cause: 'disconnect' } })
  })

  test('contract 6: a client that reads later has all of it', async () => {
    const scene = open()
    const script = scene.script({ say: ['one '], after: 'wait' })
    const answer = await scene.chat(script)
    await scene.go(script)
    await scene.reported(script, ({ calls }) => calls === 1, 'the source was called')
    const body = await answer.text()
    expect([textOf(body), endOf(body)]).toMatchObject(['one last', { complete: true }])
  })
}

/** Looks again and again, until what it finds has begun to grow and stands still: each look is a turn of the server's. */
async function untilStands(look: () => Promise<number>): Promise<number> {
  let before = 0
  for (let same = 0; same < STILL_LOOKS;) {
    const now = await look()
    same = now > 0 && now === before ? same + 1 : 0
    before = now
  }
  return before
}
