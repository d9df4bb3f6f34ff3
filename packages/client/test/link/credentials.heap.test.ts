import { hybrid, start } from '@sluice/client'
import { quiet, until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { countSockets } from '../rig/counted-sockets.ts'
import { QUICK } from '../rig/quick.ts'
import { startSocketServer } from '../rig/socket-server.ts'

test('contract 14: what was for a credential that nobody shows any more is not kept', async () => {
  const server = await startSocketServer({ run: () => () => ['Hello'] })
  const sockets = countSockets(server)
  const transport = hybrid()
  const read = async (token: string): Promise<WeakRef<object>> => {
    const own: typeof fetch = (...asked) => fetch(...asked)
    const headers = { authorization: `Bearer ${token}` }
    const options = { transport, resume: QUICK, fetch: own, headers }
    expect(await start(server.streams, {}, options).text()).toBe('Hello')
    return new WeakRef(own)
  }
  const first = await read('one')
  await until(() => sockets.opened === 1 && sockets.open === 0)
  await read('two')
  await until(async () => {
    globalThis.gc!()
    await quiet()
    return first.deref() === undefined
  })
})
