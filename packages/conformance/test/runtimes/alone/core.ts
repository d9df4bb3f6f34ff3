import { createSluice } from '@sluice/core'

/** Starts, reads, resumes from a cursor, and cancels. */
export async function check(): Promise<unknown> {
  const sluice = createSluice()
  const as = { owner: 'ada' }
  const stream = await sluice.start(() => ['one ', 'two'], { as, onDisconnect: 'continue' })
  const text = await stream.text()
  const rest = await (await sluice.attach({ cursor: `${stream.id}.1.1` }, { as })).text()
  const stopped = await sluice.start(
    async function* ({ signal }) {
      yield 'one'
      await new Promise<void>((stop) => signal.addEventListener('abort', () => stop()))
    },
    { as },
  )
  const { end } = await sluice.cancel({ id: stopped.id }, { as })
  return [text, rest, end?.reason]
}
