import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { createSluice } from '@sluice/core'
import { createWebSocketHandler, DEFAULT_WEBSOCKET_OPTIONS, type WebSocketHandlerOptions } from '@sluice/websocket'
import { describe, expect, test } from 'vitest'

const right: WebSocketHandlerOptions = { sluice: createSluice(), identify: () => undefined }

describe('options', () => {
  test.each<[object, string]>([
    [{ sluice: undefined }, 'The option "sluice" is undefined; it must be what createSluice gives.'],
    [{ identify: 'ada' }, 'The option "identify" is "ada"; it must be a function.'],
    [{ run: 5 }, 'The option "run" is 5; it must be a function.'],
    [{ tickets: {} }, 'The option "tickets.redeem" is undefined; it must be a function.'],
    [
      { origins: 'https://app.example' },
      'The option "origins" is "https://app.example"; it must be a list of origins, or "*".',
    ],
    [
      { origins: ['https://app.example/'] },
      'The option "origins" is "https://app.example/"; it must be origins such as "https://app.example", without a path.',
    ],
    [
      { origins: ['app.example'] },
      'The option "origins" is "app.example"; it must be origins such as "https://app.example", without a path.',
    ],
    [{ pingMs: 0 }, 'The option "pingMs" is 0; it must be a whole number from 1 to 3600000.'],
    [
      { limits: { maxStreams: 1.5 } },
      'The option "limits.maxStreams" is 1.5; it must be a whole number from 1 to 67108864.',
    ],
    [{ limits: { streams: 5 } }, 'There is no option "streams" in "limits"; known are: maxSockets, maxStreams, '],
    [{ cors: true }, 'There is no option "cors"; known are: sluice, identify, '],
  ])('%j: say what is wrong, when the handler is made', (wrong, message) => {
    expect(() => createWebSocketHandler({ ...right, ...wrong } as WebSocketHandlerOptions)).toThrow(message)
  })

  test('written out as undefined are at their defaults', () => {
    const options = {
      ...right,
      tickets: undefined,
      origins: undefined,
      run: undefined,
      pingMs: undefined,
      limits: { maxStreams: undefined },
    }
    expect(() => createWebSocketHandler(options)).not.toThrow()
  })

  test.each(Object.entries({ ...DEFAULT_WEBSOCKET_OPTIONS.limits, pingMs: DEFAULT_WEBSOCKET_OPTIONS.pingMs }))(
    '%s: README and doc comment tell the default',
    (name, preset) => {
      const text = (file: string): string => readFileSync(join(import.meta.dirname, '..', file), 'utf8')
      const number = preset.toLocaleString('en-US')
      const row = text('README.md')
        .split('\n')
        .find((line) => line.startsWith('|') && line.includes(name))
      expect(row).toContain(number)
      const comment = text('src/handshake/options.ts').split(`  ${name}?: number`)[0]!.split('/**').at(-1)
      expect(comment).toContain(`Default ${number}.`)
    },
  )
})
