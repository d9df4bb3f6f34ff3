import { randomUUID } from 'node:crypto'
import { type Exchange, type FakeBackend, startBackend } from '../../../wires/test/rig/fake-backend.ts'
import { type SpawnedGateway, spawnGateway } from './spawned-gateway.ts'

export { chunk, DONE, type Exchange } from '../../../wires/test/rig/fake-backend.ts'

/** A model of the fake backend that behaves as a test says, and what was asked of it. */
export interface Behaviour {
  /** Ask for this model to get the behaviour. */
  readonly model: string
  readonly exchanges: readonly Exchange[]
  /** The first request, as soon as it has arrived. */
  readonly first: Promise<Exchange>
}

/** A backend that holds a behaviour per model, so that many tests share one gateway. */
export interface BehavingBackend extends AsyncDisposable {
  /** Resolves once a gateway has asked for the models, as it does at its start. */
  readonly probed: Promise<void>
  readonly baseUrl: string
  readonly backend: FakeBackend
  readonly behave: (answer: (exchange: Exchange) => unknown) => Behaviour
}

export async function startBehavingBackend(): Promise<BehavingBackend> {
  const behaviours = new Map<string, (exchange: Exchange) => unknown>()
  const probed = Promise.withResolvers<void>()
  const backend = await startBackend((exchange) => {
    if (exchange.path === '/v1/models') {
      exchange.response.end('{"object":"list","data":[]}')
      return probed.resolve()
    }
    // A write that meets a closed connection is no failure of the test.
    exchange.response.on('error', () => {})
    return behaviours.get(String(exchange.body.model))?.(exchange)
  })
  return {
    probed: probed.promise,
    baseUrl: backend.baseUrl,
    backend,
    behave(answer) {
      const model = `model-${randomUUID()}`
      const exchanges: Exchange[] = []
      const first = Promise.withResolvers<Exchange>()
      behaviours.set(model, (exchange) => {
        exchanges.push(exchange)
        first.resolve(exchange)
        return answer(exchange)
      })
      return { model, exchanges, first: first.promise }
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  }
}

/** The gateway as a process of its own, before a backend. */
export interface Stage extends AsyncDisposable {
  readonly gateway: SpawnedGateway
  /** Where the gateway's API is: `http://127.0.0.1:…/v1`. */
  readonly api: string
  readonly behave: BehavingBackend['behave']
  readonly backend: FakeBackend
}

export async function startStage(flags: readonly string[] = []): Promise<Stage> {
  const behaving = await startBehavingBackend()
  const gateway = await spawnGateway(['--upstream', behaving.baseUrl, ...flags])
  await behaving.probed
  return {
    gateway,
    api: `${gateway.url}/v1`,
    behave: behaving.behave,
    backend: behaving.backend,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await behaving[Symbol.asyncDispose]()
    },
  }
}

export const MESSAGES = [{ role: 'user' as const, content: 'hi' }]
