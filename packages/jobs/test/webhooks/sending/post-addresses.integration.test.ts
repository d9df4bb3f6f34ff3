import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { createSystemRuntime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'
import { until } from '@sluice/testing/patience'
import { beforeAll, describe, expect, test } from 'vitest'

import { resolveAddressRules } from '../../../src/webhooks/address/address-options.ts'
import { checkUrl } from '../../../src/webhooks/address/check-url.ts'
import { post } from '../../../src/webhooks/sending/post.ts'
import { type Certificate, makeCertificate, startReceiver, status } from '../rig/receiver.ts'
import { answered, failed, send } from '../rig/sending.ts'

let certificate: Certificate
beforeAll(async () => {
  certificate = await makeCertificate('IP:127.0.0.1,DNS:hook.example.com')
})

describe('a name', () => {
  const inside = { address: '127.0.0.1', family: 4 as const }

  test('is looked up once, and what was looked at is what is connected to', async () => {
    await using receiver = await startReceiver(status(204), certificate)
    let asked = 0
    const resolve = async () => [asked++ === 0 ? inside : { address: '127.0.0.2', family: 4 as const }]
    expect(
      await send(`https://hook.example.com:${receiver.port}/hook`, { addresses: { resolve, ca: certificate.cert } }),
    ).toEqual(answered(204))
    expect(asked).toBe(1)
    expect(receiver.got[0]!.headers.host).toBe(`hook.example.com:${receiver.port}`)
  })

  test('that led outside when it was registered, and leads inside when it is called, is not called', async () => {
    await using receiver = await startReceiver(status(204), certificate)
    let asked = 0
    const resolve = async () => [asked++ === 0 ? { address: '93.184.216.34', family: 4 as const } : inside]
    const addresses = { dangerouslyAllowPrivate: false, resolve, ca: certificate.cert }
    const url = `https://hook.example.com:${receiver.port}/hook`
    const rules = resolveAddressRules({ ports: [receiver.port] })
    checkUrl(url, rules)
    await resolve()
    expect(await send(url, { addresses })).toEqual(failed('address'))
    expect(receiver.connections).toBe(0)
  })

  test('is not called when only one of its addresses leads inside', async () => {
    await using receiver = await startReceiver(status(204), certificate)
    const resolve = async () => [{ address: '93.184.216.34', family: 4 as const }, inside]
    const addresses = { dangerouslyAllowPrivate: false, resolve, ca: certificate.cert }
    expect(await send(`https://hook.example.com:${receiver.port}/`, { addresses })).toEqual(failed('address'))
    expect(receiver.connections).toBe(0)
  })

  test.each(['http://127.0.0.1', 'http://[::ffff:127.0.0.1]'])(
    'that is an address by itself is looked at, too, though nothing looks it up: %s',
    async (origin) => {
      await using receiver = await startReceiver()
      expect(await send(`${origin}:${receiver.port}/`, { addresses: { dangerouslyAllowPrivate: false } })).toEqual(
        failed('address'),
      )
      expect(receiver.connections).toBe(0)
    },
  )

  test('whose connection has come elsewhere than it may is told nothing', async () => {
    await using receiver = await startReceiver()
    let asked = 0
    const rules = {
      ...resolveAddressRules({ dangerouslyAllowHttp: true, ports: [receiver.port] }),
      // What is looked up passes, what is connected to does not: as where somebody in between turns connections elsewhere.
      get allowPrivate() {
        return asked++ === 0
      },
    }
    const limits = { connectMs: 10_000, totalMs: 15_000, maxAnswerBytes: 1_000 }
    const scheduler = new Scheduler(createSystemRuntime())
    const message = { url: new URL(receiver.url), headers: {}, body: '{}' }
    expect(await post(message, { scheduler, rules, limits })).toEqual(failed('address'))
    expect(asked).toBe(2)
    await until(() => receiver.connections === 1, 'the connection was made')
    expect(receiver.got).toEqual([])
  })

  test('whose first address does not listen is called by its next', async () => {
    await using receiver = await startReceiver(status(204), certificate)
    const resolve = async () => [{ address: '127.0.0.9', family: 4 as const }, inside]
    expect(
      await send(`https://hook.example.com:${receiver.port}/`, { addresses: { resolve, ca: certificate.cert } }),
    ).toEqual(answered(204))
  })

  test('that is answered never takes as long as a connection may', async () => {
    const resolve = () => new Promise<never>(() => {})
    const limits = { connectMs: 50 }
    expect(await send('https://hook.example.com/', { addresses: { resolve, ca: certificate.cert }, limits })).toEqual(
      failed('timeout'),
    )
  })
})

/** What a process with this environment makes of it; and what others in it make of a proxy. */
async function sendElsewhere(url: string, env: Record<string, string>, ca: string[] = []): Promise<[unknown, string]> {
  const program = `
    import { createSystemRuntime } from '@sluice/core'
    import { Scheduler } from '@sluice/core/extend'
    import { post } from '${new URL('../../../src/webhooks/sending/post.ts', import.meta.url).href}'
    const rules = { ports: [], allowHttp: true, allowPrivate: true, ca: ${JSON.stringify(ca)} }
    const limits = { connectMs: 10000, totalMs: 15000, maxAnswerBytes: 1000 }
    const message = { url: new URL('${url}'), headers: {}, body: '{}' }
    console.log(JSON.stringify(await post(message, { scheduler: new Scheduler(createSystemRuntime()), rules, limits })))
    const { get } = await import('node:http')
    get('http://127.0.0.1:1/', ({ statusCode }) => console.log(statusCode)).on('error', ({ code }) => console.log(code))
  `
  const child = spawn(process.execPath, ['--conditions=@sluice/source', '--input-type=module', '-e', program], {
    cwd: new URL('../../..', import.meta.url),
    env: { ...env, NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = ''
  child.stdout.on('data', (text: Buffer) => (told += text.toString()))
  await once(child, 'close')
  const [posted = '', others = ''] = told.trim().split('\n')
  return [JSON.parse(posted), others]
}

test('a proxy of the environment is not asked', async () => {
  await using proxy = await startReceiver()
  await using receiver = await startReceiver(status(204), certificate)
  const by = `http://127.0.0.1:${proxy.port}`
  const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: by, HTTPS_PROXY: by, http_proxy: by, https_proxy: by }
  const [posted, others] = await sendElsewhere(receiver.url, env, [certificate.cert])
  expect(posted).toEqual(answered(204))
  // The proxy is one that others do ask.
  expect([others, proxy.got.length]).toEqual(['204', 1])
  expect(receiver.got).toHaveLength(1)
})

test('an environment that has certificates unchecked changes nothing', async () => {
  await using receiver = await startReceiver(status(204), certificate)
  const [posted] = await sendElsewhere(receiver.url, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, [])
  expect(posted).toEqual(failed('tls'))
})
