import { within } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { endOf, textOf } from '../rig/native-body.ts'
import type { IntegrationScene } from '../rig/scene.ts'

const PIECE_CHARS = 32 * 1024
/** Pieces that kernels, a proxy, a framework and the window of a stream may hold together: of 8,192. */
const MAX_PULLED = 4096
/** More pieces than kernels take in most cases, and few enough to be read by every runtime. */
const LATE_PIECES = 512
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
    const script = scene.script({ say: ['one '], after: 'flood', pieces: LATE_PIECES })
    const answer = await scene.chat(script)
    await untilStands(async () => (await scene.report(script)).pulled)
    const body = await answer.text()
    expect(textOf(body)).toHaveLength('one '.length + LATE_PIECES * PIECE_CHARS)
    expect(endOf(body)).toMatchObject({ complete: true })
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
