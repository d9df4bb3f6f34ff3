import { createTickets } from '@sluice/websocket'
import type { SourceContext } from '@sluice/core'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type SocketRig, startRig } from './rig/socket-rig.ts'

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
const TOKENS = Array.from({ length: 200 }, (_, index) => `${index}·👩🏽‍🚀 `)

const tickets = createTickets({ secret: 'a secret of thirty-two bytes, or more' })
let site: Server
let origin: string
let rig: SocketRig
let browser: Browser

beforeAll(async () => {
  site = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>chat</title>'),
  )
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  rig = await startRig({ origins: [origin], tickets, identify: () => undefined, run: () => answering })
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    headless: true,
    args: ARGS,
  })
})
afterAll(async () => {
  await browser?.close()
  await rig?.[Symbol.asyncDispose]()
  site?.close()
})

/** Says the first token, and the others once somebody has said `go`. */
async function* answering({ inbox }: SourceContext): AsyncGenerator<string> {
  yield TOKENS[0]!
  for await (const message of inbox) if (message === 'go') break
  yield* TOKENS.slice(1)
}

/** What a page does: opens a socket with a ticket, asks, answers, and shows. */
function chat(page: Page, ticket: string): Promise<{ protocol: string; text: string; types: string[]; close: number }> {
  return page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket(${JSON.stringify(rig.url)}, ['sluice.v1', 'ticket.' + ${JSON.stringify(ticket)}])
    const types = []
    let text = ''
    let protocol = ''
    socket.onopen = () => {
      protocol = socket.protocol
      socket.send(JSON.stringify({ type: 'start', ref: 'a', body: { prompt: 'hi' }, credit: 1 }))
    }
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data)
      types.push(message.type)
      if (message.type === 'text') {
        text += message.text
        if (types.length === 2) socket.send(JSON.stringify({ type: 'send', ref: 'a', message: 'go' }))
        socket.send(JSON.stringify({ type: 'ack', ref: 'a', cursor: message.cursor, credit: 64 }))
      }
      if (message.type === 'end') socket.close(1000)
    }
    socket.onclose = ({ code }) => resolve({ protocol, text, types, close: code })
  })`)
}

async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(url)
  return page
}

describe('a browser', () => {
  test('contract 1: opens a socket with a ticket, starts, feeds, grants credit and reads the whole answer', async () => {
    const page = await openPage(origin)
    const { ticket } = tickets.issue({ owner: 'ada' })
    const { protocol, text, types, close } = await chat(page, ticket)
    expect({ protocol, close }).toEqual({ protocol: 'sluice.v1', close: 1000 })
    expect(text).toBe(TOKENS.join(''))
    expect([types[0], types.at(-1)]).toEqual(['opened', 'end'])
    // The ticket is spent.
    expect(await chat(page, ticket)).toMatchObject({ close: 1006, types: [] })
    await page.close()
  })

  test('reliability S7: whose page is of another origin gets no socket, whatever ticket it has', async () => {
    const stranger = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<title>evil</title>'),
    )
    stranger.listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const page = await openPage(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}`)
    const { ticket } = tickets.issue({ owner: 'ada' })
    expect(await chat(page, ticket)).toMatchObject({ close: 1006, types: [] })
    // Nor was it spent on it.
    const own = await openPage(origin)
    expect(await chat(own, ticket)).toMatchObject({ close: 1000 })
    await page.close()
    await own.close()
    stranger.close()
  })
})
