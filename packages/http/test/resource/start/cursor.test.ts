import { describe, expect, test } from 'vitest'

import { CHAT, chatTextOf, createRig, createScript, eventsOf, textOf } from '../../rig/rig.ts'

describe('a POST that carries a cursor', () => {
  test.each(['/streams', '/chat/completions'])('goes on with the stream and generates nothing (%s)', async (path) => {
    const script = createScript()
    const { ask, bodies } = createRig(script.source)
    script.open()
    script.give('one ')
    script.give('two')
    script.finish()
    const json = { ...CHAT, stream: true }
    const first = await ask('POST', path, { json })
    const id = first.headers.get('sluice-stream-id')!
    await first.text()
    const rest = await ask('POST', path, { json, headers: { 'last-event-id': `${id}.1.1` } })
    const events = await eventsOf(rest)
    expect(path === '/streams' ? textOf(events) : chatTextOf(events)).toBe('two')
    expect(bodies).toHaveLength(1)
    const over = await ask('POST', path, { json, headers: { 'last-event-id': `${id}.1.3` } })
    expect([over.status, over.headers.get('sluice-end')]).toEqual([204, 'stop'])
    const whole = await ask('POST', path, {
      json: { ...CHAT, stream: false },
      headers: { 'last-event-id': `${id}.1.1` },
    })
    expect(JSON.stringify(await whole.json())).toContain('one two')
    expect(bodies).toHaveLength(1)
  })
})
