import type { Reading } from './process.ts'
import type { World } from './world.ts'

/** A stream is given up for want of readers after its grace; somebody who has read for this long was known. */
const KNOWN_MS = 600

/** What must hold at any time; `undefined` when it does. */
export function problemOf(world: World): string | undefined {
  for (const reading of world.readings) {
    const { tokens, from, end, over } = reading
    const dead = !reading.at.alive
    if (!world.log.held(tokens, from, dead ? undefined : end)) {
      return end
        ? `contract 1, 3: this was read and is no whole stream: ${show(reading)}`
        : `contract 1: this never stood in the log: ${show(reading)}`
    }
    if (over === 'nothing more' && !dead) return `contract 2: a reading is over, and nobody says why: ${show(reading)}`
    if (over && !TOLD.includes(over) && !dead) return `contract 2: ${over}`
    if (!dead && (over === 'storage' || over === 'trimmed') && calm(world))
      return `a reading was closed for no reason: ${show(reading)}`
  }
  const { cancelled, log, speaker, lossy } = world
  if (!lossy && log.breaks.length > 0) return `I6: this was stored: ${log.breaks.join()}`
  if (world.ranOn) return 'contract 8: a source runs on that was cancelled'
  if (cancelled && !lossy) {
    const late = speaker.said.slice(cancelled.said)
    const stored = new Set(log.versions.flatMap(({ tokens }) => tokens))
    if (late.some((token) => stored.has(token))) return 'contract 8: what was said after a cancel is stored'
  }
  return undefined
}

/** What must hold once everybody has come to rest. */
export function unsettled(world: World): string | undefined {
  const { readings, log, speaker, wiped, lossy, refused } = world
  if (refused) return `contract 9: nobody can attach: ${refused}`
  const alive = readings.filter(({ at }) => at.alive)
  const waiting = alive.find(({ end, over }) => !end && !over)
  if (waiting) return `contract 4: a reader waits for ever: ${show(waiting)}`
  const running = speaker.running((name) => world.isAlive(name))
  if (running.length > 0) return `contract 4, 5: a source runs on at ${running.map(({ instance }) => instance).join()}`
  if (wiped) return undefined
  if (!log.end) return 'contract 3: there is no end'
  const ends = new Set(alive.flatMap(({ end }) => (end ? [JSON.stringify(end)] : [])))
  if (!lossy && ends.size > 1) return `contract 3: readers saw ${[...ends].join(' and ')}`
  return undefined
}

/** Contract 9, looked at when the stream has just ended so: who was reading at its end, and had been for a while? */
export function wronglyGivenUp({ log, readings, lossy }: World): string | undefined {
  if (log.end?.cause !== 'disconnect' || lossy) return undefined
  const known = readings.find(
    ({ at, over, end, sinceMs }) =>
      at.alive && !over && !end && log.endedAtMs - Math.max(sinceMs, at.calmSinceMs) > KNOWN_MS,
  )
  return known && `contract 9: the stream was given up while ${show(known)} read it`
}

const TOLD = ['detached', 'storage', 'trimmed', 'epoch']

const calm = ({ lossy, wiped, trimmed }: World): boolean => !lossy && !wiped && !trimmed

function show({ at, from, tokens, end, over }: Reading): string {
  return JSON.stringify({ at: at.name, from, tokens: tokens.join(''), end, over })
}
