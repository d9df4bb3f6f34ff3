import { expect, test } from 'vitest'

import { heard, heardEnd, heardText, textOf } from '../rig/reading.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

/** Nobody waits for ever. */
export function describeLiveness({ open }: OpenTransport): void {
  test('contract 4: a source that never says its first word is cut at its deadline, and its readers are told', async () => {
    const { script, begin } = await open({ stream: { deadlines: { firstTokenMs: 60 } } })
    const { reading } = await begin()
    expect(await heardEnd(reading)).toMatchObject({ reason: 'error', complete: false, cause: 'deadline' })
    await script.aborted
  })

  test('contract 4: a source that falls silent is cut at its deadline, and what it had said stays said', async () => {
    const { script, begin } = await open({ stream: { deadlines: { idleMs: 60 } } })
    const { reading } = await begin('half of ')
    const end = await heardEnd(reading)
    expect(end).toMatchObject({ reason: 'error', complete: false, cause: 'deadline' })
    expect(end.error).toMatchObject({ code: 'SLUICE_ERR_TIMEOUT' })
    expect(textOf(reading)).toBe('half of ')
    await script.aborted
  })

  test('contract 4: a reader is told that its reading is open before the source has said anything', async () => {
    const { script, begin } = await open()
    const { reading } = await begin()
    await heard(reading, 'opened')
    script.say('late')
    await heardText(reading, 'late')
  })
}
