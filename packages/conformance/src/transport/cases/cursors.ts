import type { Log } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import { until, within } from '@sluice/testing/patience'
import type { AttachAsked } from '../rig/driver.ts'
import { refusalOf } from './isolation.ts'
import { heardEnd, heardText, textOf } from '../rig/reading.ts'
import type { RefusalCode } from '../rig/refusal.ts'
import { storedUpTo, type TransportScene } from '../rig/scene.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

/** So little is kept that the head of a stream of this many tokens is trimmed; they are of one size. */
const STREAM = { retentionBytes: 2_048, windowBytes: 1_024, maxEventBytes: 512 } as const
const TOKENS = 40
const tokenAt = (seq: number): string => `${seq},`.padEnd(100, '.')

type State = 'running' | 'ended'

interface Arranged {
  readonly scene: TransportScene
  readonly id: string
  /** Position of the last event, and its epoch: that of an end which was written from outside is another one. */
  readonly last: number
  readonly epoch: number
}

/** A stream whose head was trimmed: one that runs, or one that was ended from outside, so that its end has epoch 2. */
async function arrange({ open }: OpenTransport, state: State): Promise<Arranged> {
  const scene = await open({ stream: STREAM })
  const id = await scene.startUnread(...Array.from({ length: TOKENS }, (_, index) => tokenAt(index + 1)))
  await storedUpTo(scene, id, TOKENS)
  if (state === 'running') return { scene, id, last: TOKENS, epoch: 1 }
  await scene.sluice.cancel({ id }, { as: 'server' })
  return { scene, id, last: TOKENS + 1, epoch: 2 }
}

/** Rows of which both columns refuse alike. */
const REFUSED: readonly { title: string; code: RefusalCode; ask: (at: Arranged) => AttachAsked }[] = [
  {
    title: 'contract 2: a cursor ahead of the log is refused, not waited with',
    code: 'SLUICE_ERR_CURSOR_AHEAD',
    ask: ({ id, epoch, last }) => ({ cursor: `${id}.${epoch}.${last + 1}` }),
  },
  {
    title: 'contract 2: a cursor of an epoch that never was is refused',
    code: 'SLUICE_ERR_CURSOR_AHEAD',
    ask: ({ id, epoch }) => ({ cursor: `${id}.${epoch + 1}.${TOKENS - 1}` }),
  },
  {
    title: 'contract 2: a cursor before the trimmed head is refused, never answered with a later part',
    code: 'SLUICE_ERR_CURSOR_TRIMMED',
    ask: ({ id }) => ({ cursor: `${id}.1.1` }),
  },
  {
    title: 'contract 2: a malformed cursor is refused',
    code: 'SLUICE_ERR_CURSOR_MALFORMED',
    ask: ({ id }) => ({ id, after: `${id}.1.x` }),
  },
  {
    title: 'contract 2: a cursor of another stream is refused',
    code: 'SLUICE_ERR_CURSOR_MALFORMED',
    ask: ({ id }) => ({ id, after: `${'0'.repeat(26)}.1.${TOKENS - 1}` }),
  },
]

/** The cursor table. */
export function describeCursors(parts: OpenTransport): void {
  const { driver } = parts
  const expectRefused = async ({ scene }: Arranged, asked: AttachAsked, code: RefusalCode): Promise<void> => {
    const refusal = await refusalOf((await scene.attaching()).attach(asked))
    expect(refusal).toMatchObject({ code, status: driver.refusals[code] })
  }

  describe.each(['running', 'ended'] as const)('a cursor into a stream that is %s', (state) => {
    test.each(REFUSED)('$title', async ({ code, ask }) => {
      const at = await arrange(parts, state)
      await expectRefused(at, ask(at), code)
    })

    test('contract 12: an unknown stream and a forbidden one are refused alike, whatever the cursor', async () => {
      const at = await arrange(parts, state)
      const stranger = await at.scene.attaching('bob')
      const forbidden = await refusalOf(stranger.attach({ cursor: `${at.id}.1.${TOKENS - 1}` }))
      const unknown = await refusalOf((await at.scene.attaching()).attach({ cursor: `${'0'.repeat(26)}.1.3` }))
      for (const refusal of [forbidden, unknown])
        expect(refusal).toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND', status: driver.refusals.SLUICE_ERR_NOT_FOUND })
    })

    test('contract 2: a stream that was erased is told apart from one that never was', async () => {
      const at = await arrange(parts, state)
      await at.scene.sluice.erase({ id: at.id }, { as: 'server' })
      for (const asked of [{ id: at.id }, { cursor: `${at.id}.1.${TOKENS - 1}` }])
        await expectRefused(at, asked, 'SLUICE_ERR_GONE')
    })

    test('contract 1: without a cursor reading begins with the oldest event there is', async () => {
      const at = await arrange(parts, state)
      const reading = await (await at.scene.attaching()).attach({ id: at.id })
      await until(() => textOf(reading).endsWith(tokenAt(TOKENS)), 'all that is kept')
      const text = textOf(reading)
      const oldest = Number.parseInt(text, 10)
      expect(oldest).toBeGreaterThan(2)
      expect(text).toBe(Array.from({ length: TOKENS - oldest + 1 }, (_, index) => tokenAt(oldest + index)).join(''))
      // There is none before it.
      await expectRefused(at, { cursor: `${at.id}.1.${oldest - 2}` }, 'SLUICE_ERR_CURSOR_TRIMMED')
    })
  })

  test('contract 1: a cursor within a running stream goes on right after it', async () => {
    const { scene, id } = await arrange(parts, 'running')
    const reading = await (await scene.attaching()).attach({ cursor: `${id}.1.${TOKENS - 1}` })
    await heardText(reading, tokenAt(TOKENS))
    scene.script.say('more')
    await heardText(reading, `${tokenAt(TOKENS)}more`)
  })

  test('contract 1: a cursor within an ended stream gives the rest, and the end', async () => {
    const { scene, id } = await arrange(parts, 'ended')
    const reading = await (await scene.attaching()).attach({ cursor: `${id}.1.${TOKENS - 1}` })
    expect(await heardEnd(reading)).toMatchObject({ reason: 'cancelled' })
    expect(textOf(reading)).toBe(tokenAt(TOKENS))
  })

  test('contract 1: a cursor at the end of a running stream waits for what comes', async () => {
    const { scene, id } = await arrange(parts, 'running')
    const reading = await (await scene.attaching()).attach({ cursor: `${id}.1.${TOKENS}` })
    expect(reading.events).toMatchObject([{ type: 'opened', id, cursor: `${id}.1.${TOKENS}` }])
    scene.script.say('more')
    await heardText(reading, 'more')
  })

  test('contract 4: a cursor at the end of an ended stream is answered at once: nothing is left', async () => {
    const { scene, id, epoch, last } = await arrange(parts, 'ended')
    const reading = await (await scene.attaching()).attach({ cursor: `${id}.${epoch}.${last}` })
    const { polite, complete } = await within(reading.over, 'the answer that nothing is left')
    // Of a stream that was cut, a status alone must not say that it is complete.
    const told = driver.nothingLeft === 'end' ? undefined : false
    expect({ polite, complete, text: textOf(reading) }).toEqual({ polite: true, complete: told, text: '' })
    const ends = reading.events.filter(({ type }) => type === 'end')
    expect(ends).toHaveLength(driver.nothingLeft === 'end' ? 1 : 0)
    for (const end of ends) expect(end).toMatchObject({ reason: 'cancelled', complete: false })
  })

  test('contract 2: a cursor of a superseded epoch at or past the takeover is refused (ended)', async () => {
    const at = await arrange(parts, 'ended')
    await expectRefused(at, { cursor: `${at.id}.1.${at.last}` }, 'SLUICE_ERR_CURSOR_AHEAD')
  })

  test('contract 2: a cursor of a superseded epoch at or past the takeover is refused (running)', async () => {
    const at = await arrange(parts, 'running')
    const log = await logOf(at)
    // As if another instance had taken the stream over: what it says from here on is of its own epoch.
    log.produce(2, 'appended', { appended: () => {} })
    log.append('of the next producer')
    await expectRefused(at, { cursor: `${at.id}.1.${TOKENS + 1}` }, 'SLUICE_ERR_CURSOR_AHEAD')
    const reading = await (await at.scene.attaching()).attach({ cursor: `${at.id}.1.${TOKENS}` })
    await heardText(reading, 'of the next producer')
    expect(reading.events.at(-1)).toMatchObject({ cursor: `${at.id}.2.${TOKENS + 1}` })
  })
}

async function logOf({ scene, id }: Arranged): Promise<Log> {
  const found = await scene.otherStore.find({ tenant: '', id }, 'read')
  if (found.is !== 'stream') throw new Error(`the stream was to be found, and the store says: ${found.is}`)
  return found.stream.log
}
