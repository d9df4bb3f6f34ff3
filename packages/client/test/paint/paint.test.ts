import { expect, test } from 'vitest'

import { PaintedPage } from '../rig/painted-page.ts'

test('the first words, and what was there before, are painted with the first frame', async () => {
  const page = new PaintedPage()
  await page.say('Hello, ', 'world')
  await page.pass(1)
  expect(page.writes).toEqual([{ atMs: 16, piece: 'Hello, worl' }])
  await page.pass(8)
  expect(page.text).toBe('Hello, world')
})

test('a burst is spread over two updates, and what trickles over every other frame', async () => {
  const page = new PaintedPage()
  await page.say('.')
  await page.pass(10)
  const beganMs = page.nowMs
  page.writes.length = 0
  await page.say(...Array.from({ length: 100 }, () => 'ten chars '))
  await page.pass(10)
  expect(page.writes.map(({ atMs }) => atMs - beganMs)).toEqual([16, 64])
  for (const { piece } of page.writes) expect(piece.length).toBeGreaterThan(100)
  expect(page.isIdle).toBe(true)
  page.writes.length = 0
  const wentOnMs = page.nowMs
  for (let step = 0; step < 20; step++) {
    await page.say('word ')
    await page.pass(1)
  }
  const gaps = page.writes.map(({ atMs }) => atMs - wentOnMs).slice(0, 5)
  expect(gaps).toEqual([16, 48, 80, 112, 144])
})

test('nothing is asked of the page while nothing comes', async () => {
  const page = new PaintedPage()
  expect(page.isIdle).toBe(true)
  await page.say('Hello')
  await page.pass(20)
  expect([page.text, page.isIdle, page.frames]).toEqual(['Hello', true, 3])
})

test('what comes in drops is read once an update, and at once in a page that is hidden or has its end', async () => {
  const page = new PaintedPage()
  await page.say('Hello')
  const over: string[] = []
  const read = async (): Promise<void> => {
    await page.rest()
    over.push(`at ${page.nowMs}`)
  }
  for (let piece = 0; piece < 2; piece++) {
    void read()
    await page.pass(3)
  }
  // The first one with the first frame, the next one with that which follows.
  expect(over).toEqual(['at 16', 'at 80'])
  void read()
  page.painting.stop()
  await page.pass(1)
  expect(over.length).toBe(3)
  page.hidden = true
  expect(page.rest()).toBeUndefined()
})

test('a reader who prefers reduced motion sees all that came with the next frame, but for a character that may go on', async () => {
  const page = new PaintedPage({}, { reducedMotion: true })
  await page.say('A whole sentence.')
  await page.pass(1)
  expect(page.text).toBe('A whole sentence')
})

test('a character that goes on with the next token is painted as one', async () => {
  const page = new PaintedPage()
  await page.say('👩')
  await page.pass(3)
  await page.say('\u200d🚀!')
  await page.pass(10)
  expect(page.writes.map(({ piece }) => piece)).toEqual(['👩\u200d🚀!'])
})

test('what a target throws is thrown once for each piece, and the painting comes to its end', async () => {
  const page = new PaintedPage()
  let thrown = 0
  page.writes.push = () => {
    thrown++
    throw new Error('of the page')
  }
  await page.say('Hello')
  await page.end()
  for (let frame = 0; frame < 50; frame++) await page.pass(1).catch(() => undefined)
  expect(thrown).toBe(2)
  expect(await page.painting.done).toMatchObject({ complete: true })
  expect(page.isIdle).toBe(true)
})

test('what came while no frame did is painted with the first one', async () => {
  const page = new PaintedPage()
  for (let index = 0; index < 50; index++) {
    page.nowMs += 1_000
    await page.say('while hidden ')
  }
  await page.pass(1, 1_000)
  expect(page.writes).toEqual([{ piece: 'while hidden '.repeat(50), atMs: page.nowMs }])
})

test('flush paints at once what has come; stop paints no more and leaves the stream', async () => {
  const page = new PaintedPage()
  await page.say('all of it')
  page.painting.flush()
  expect(page.text).toBe('all of it')
  await page.say(' and more')
  page.painting.stop()
  await expect(page.painting.done).rejects.toThrow('Its reader left')
  await page.pass(20)
  expect([page.text, page.isIdle]).toEqual(['all of it', true])
})

test('another choice is painted where it is selected', async () => {
  const page = new PaintedPage({ select: (event) => (event.type === 'text' ? event.text.toUpperCase() : undefined) })
  await page.say('shout')
  await page.pass(10)
  expect(page.text).toBe('SHOUT')
})

test('a frame that paints for long is a slow one, however soon the next one comes', async () => {
  const told: number[] = []
  const page = new PaintedPage({ pressure: (_stream, lateMs) => void told.push(lateMs) }, { paintMs: 80 })
  await page.say('One. ')
  await page.pass(8)
  await page.say('Two. ')
  await page.pass(8)
  expect(Math.max(...told)).toBeGreaterThanOrEqual(80)
})
