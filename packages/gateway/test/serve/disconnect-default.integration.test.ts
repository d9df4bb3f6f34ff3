import { expect, test } from 'vitest'
import { askJson } from '../rig/native-client.ts'
import { openRaw } from '../rig/raw-client.ts'
import { chunk, DONE, MESSAGES, startStage } from '../rig/stage.ts'

const CHAT = '/v1/chat/completions'

/** How an answer ends whose client resets its connection in the middle, before the backend says the rest. */
test.each<[string[], string, string]>([
  [[], CHAT, 'cancelled'],
  [[], `${CHAT}?ids=1`, 'stop'],
  [[], '/v1/streams', 'stop'],
  [['--on-disconnect', '10000'], CHAT, 'stop'],
  [['--on-disconnect', 'cancel'], `${CHAT}?ids=1`, 'cancelled'],
])('contract 9: with %o, what a client of %s leaves ends as %s', async (flags, path, reason) => {
  await using stage = await startStage(flags)
  const left = Promise.withResolvers<void>()
  const { model } = stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'first' }))
    await Promise.race([left.promise, exchange.closed])
    await exchange.send(chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
  using client = await openRaw(stage.gateway.url, {
    path,
    body: JSON.stringify({ model, messages: MESSAGES, stream: true }),
  })
  await client.until('first')
  const id = /sluice-stream-id: (\S+)/i.exec(client.received)![1]!
  client.leave('rst')
  const metrics = async (): Promise<string> => (await fetch(`${stage.gateway.url}/metrics`)).text()
  while (!(await metrics()).includes('sluice_readings_open 0\n'));
  left.resolve()
  await expect.poll(async () => (await askJson(`${stage.api}/streams/${id}`)).value).toMatchObject({ end: { reason } })
})
