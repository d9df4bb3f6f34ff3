import { DEFAULT_READER_OPTIONS } from '@sluice/core'
import { expect, test } from 'vitest'

import { isSettled, quiet, until, untilStill, within } from '@sluice/testing/patience'
import type { PollAnswer, TransportClient } from '../rig/driver.ts'
import { textOf, typesOf } from '../rig/reading.ts'
import { refusalOf } from './isolation.ts'
import { storedUpTo } from '../rig/scene.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

const KIB = 1024
const TOKEN_BYTES = 1 * KIB
const WINDOW_BYTES = 16 * KIB
/** In seconds, as it is asked for: longer than a case takes. */
const LONG = '50'

type Poll = (
  asked: Partial<Parameters<NonNullable<TransportClient['poll']>>[0]> & { cursor: string },
) => Promise<PollAnswer>

/** One that polls. */
async function poller(connecting: Promise<TransportClient>): Promise<Poll> {
  const client = await connecting
  return (asked) => client.poll!({ wait: '0', ...asked })
}

/** Clients that hold no connection, and ask again and again. */
export function describePolling({ open }: OpenTransport): void {
  test('contract 1: a poll is answered at once with what there is, each event with its cursor', async () => {
    const { script, startUnread, attaching } = await open()
    const id = await startUnread('one ')
    const poll = await poller(attaching())
    const first = await within(poll({ cursor: `${id}.1.0`, wait: LONG }), 'an answer')
    expect(first).toMatchObject({ events: [{ type: 'text', text: 'one ', cursor: `${id}.1.1` }], cursor: `${id}.1.1` })
    script.say({ type: 'reasoning', text: 'hm' })
    const second = await within(poll({ cursor: first.cursor!, wait: LONG }), 'an answer')
    expect(second.events).toEqual([{ type: 'reasoning', text: 'hm', cursor: `${id}.1.2` }])
  })

  test('contract 4: a poll that waits is answered with the first event that comes', async () => {
    const { script, startUnread, attaching } = await open()
    const id = await startUnread()
    const poll = await poller(attaching())
    const waiting = poll({ cursor: `${id}.1.0`, wait: LONG })
    expect(await isSettled(waiting)).toBe(false)
    script.say('one ')
    expect(textOf(await within(waiting, 'an answer'))).toBe('one ')
  })

  test('contract 4: a poll waits as long as it asks to, and is then answered with no event, and where it is', async () => {
    const { startUnread, attaching } = await open()
    const id = await startUnread()
    const poll = await poller(attaching())
    const cursor = `${id}.1.0`
    expect(await within(poll({ cursor, wait: '0' }), 'an answer at once')).toEqual({ events: [], cursor })
    const sinceMs = performance.now()
    expect(await within(poll({ cursor, wait: '1' }), 'an answer')).toEqual({ events: [], cursor })
    // Clocks of two processes, or of a timer and a caller, may differ by a hair.
    expect(performance.now() - sinceMs).toBeGreaterThan(990)
    expect(await within(poll({ cursor, wait: '-1' }), 'an answer at once')).toEqual({ events: [], cursor })
  })

  test.each(['', 'soon', '1.5', '1e3'])(
    'contract 4: a wait that is no whole number of seconds (%j) is refused by name',
    async (wait) => {
      const { startUnread, attaching } = await open()
      const id = await startUnread()
      const refusal = await refusalOf((await poller(attaching()))({ cursor: `${id}.1.0`, wait }))
      expect(refusal.code).toBe('SLUICE_ERR_REQUEST')
      expect(refusal.text).toContain('"wait"')
    },
  )

  test('contract 1: a poll whose answer was lost is repeated with its cursor, and gives the same again', async () => {
    const { script, startUnread, attaching } = await open()
    const id = await startUnread('one ', 'two ')
    const poll = await poller(attaching())
    const cursor = `${id}.1.0`
    let lost = await poll({ cursor, wait: LONG })
    await until(() => script.given === 'one two ', 'it has said so much')
    while (textOf(lost) !== 'one two ') lost = await poll({ cursor, wait: LONG })
    expect(await poll({ cursor, wait: LONG })).toEqual(lost)
    script.say('three')
    script.finish()
    let rest = await poll({ cursor: lost.cursor!, wait: LONG })
    let text = textOf(rest)
    while (!typesOf(rest).includes('end')) {
      rest = await poll({ cursor: rest.cursor!, wait: LONG })
      text += textOf(rest)
    }
    expect(text).toBe('three')
  })

  test('contract 1: two polls of one client at once are both served', async () => {
    const { script, startUnread, attaching } = await open()
    const id = await startUnread()
    const poll = await poller(attaching())
    const both = [poll({ cursor: `${id}.1.0`, wait: LONG }), poll({ cursor: `${id}.1.0`, wait: LONG })]
    await Promise.all(both.map(async (waiting) => expect(await isSettled(waiting)).toBe(false)))
    script.say('one ')
    for (const waiting of both) expect(textOf(await within(waiting, 'an answer'))).toBe('one ')
  })

  test('contract 3: the last event of the last answer is the end, and after it nothing is left', async () => {
    const { script, startUnread, attaching } = await open()
    const id = await startUnread()
    const poll = await poller(attaching())
    script.finish()
    const last = await within(poll({ cursor: `${id}.1.0`, wait: LONG }), 'the end')
    expect(last.events).toMatchObject([{ type: 'end', reason: 'stop', cursor: last.cursor }])
    const over = await within(poll({ cursor: last.cursor!, wait: LONG }), 'an answer at once')
    expect(over).toEqual({ events: [], nothingLeft: 'stop' })
  })

  test('contract 6: the answer to one poll is bounded, whatever there is', async () => {
    const { maxChunkBytes } = DEFAULT_READER_OPTIONS
    const tokens = (3.5 * maxChunkBytes) / TOKEN_BYTES
    const scene = await open()
    const id = await scene.startUnread(...Array.from({ length: tokens }, (_, at) => `${at},`.padEnd(TOKEN_BYTES, '.')))
    scene.script.finish()
    await storedUpTo(scene, id, tokens + 1)
    const poll = await poller(scene.attaching())
    const texts: string[] = []
    for (let cursor: string | undefined = `${id}.1.0`; cursor !== undefined;) {
      const answer: PollAnswer = await within(poll({ cursor, wait: LONG }), 'an answer')
      texts.push(textOf(answer))
      cursor = typesOf(answer).includes('end') ? undefined : answer.cursor
    }
    expect(texts.join('')).toBe(scene.script.said)
    expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(maxChunkBytes)
    // So it is for whatever there is, and not because of how it came.
    expect(texts[0]!.length).toBeGreaterThan(maxChunkBytes / 2)
  })

  test('contract 7: a client that polls no more holds its source back, until it polls again', async () => {
    const { script, startUnread, attended, attaching } = await open({ stream: { windowBytes: WINDOW_BYTES } })
    const id = await startUnread()
    const poll = await poller(attaching())
    const first = await poll({ cursor: `${id}.1.0` })
    await attended(id)
    script.sayEndlessly(TOKEN_BYTES)
    const before = await untilStill(() => script.given.length, { above: WINDOW_BYTES / 2 })
    // Its window, what is being admitted, and what the source says in one turn.
    expect(before).toBeLessThan(WINDOW_BYTES + 8 * TOKEN_BYTES)
    let cursor = first.cursor!
    while (script.given.length < before + WINDOW_BYTES) cursor = (await poll({ cursor, wait: LONG })).cursor!
    script.finish()
  })

  test('contract 7: credit holds from one poll to the next', async () => {
    const { script, startUnread, attaching } = await open()
    const id = await startUnread()
    const client = await attaching()
    const reading = await client.attach({ id, credit: 2 })
    script.say('one ', 'two ', 'three ', 'four ')
    await until(() => textOf(reading) === 'one two ', 'what the credit is for')
    await quiet()
    expect(textOf(reading)).toBe('one two ')
    await client.ack!({ cursor: `${id}.1.2`, credit: 1 })
    await until(() => textOf(reading) === 'one two three ', 'what the further credit is for')
    await quiet()
    expect(textOf(reading)).toBe('one two three ')
  })

  test('contract 9: under "cancel" a client counts as reading between its polls, and no longer than it is waited for', async () => {
    const betweenPollsMs = 2_000
    const { script, begin, attaching } = await open({
      stream: { onDisconnect: 'cancel' },
      reader: { betweenPollsMs },
    })
    const { client, id } = await begin('half of ')
    const poll = await poller(attaching())
    await poll({ cursor: `${id}.1.0` })
    client.drop()
    let askedAtMs = 0
    for (let polls = 0; polls < 3; polls++) {
      await new Promise((resolve) => void setTimeout(resolve, betweenPollsMs / 4))
      askedAtMs = performance.now()
      await poll({ cursor: `${id}.1.0` })
    }
    await within(script.aborted, 'the source is aborted')
    // It is answered some time after it was asked, and waited for from then on.
    expect(performance.now() - askedAtMs).toBeGreaterThan(betweenPollsMs - 5)
  })
}
