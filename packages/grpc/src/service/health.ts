import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect'
import type { Sluice } from '@sluice/core'

import {
  type Health as HealthService,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
  HealthCheckResponseSchema,
} from '../gen/grpc/health/v1/health_pb.ts'

/** Whether this process serves: `grpc.health.v1.Health`. It stops serving when it begins to drain. */
export class HealthReport {
  readonly #sluice: Sluice
  readonly #services: ReadonlySet<string>
  readonly #watchers: Set<() => void> = new Set()
  #stopping = false

  /** `services`: names besides the empty one, which stands for the whole server. */
  constructor(sluice: Sluice, services: readonly string[]) {
    this.#sluice = sluice
    this.#services = new Set(['', ...services])
  }

  /** From now on it is not serving; who watches is told. */
  stop(): void {
    this.#stopping = true
    for (const tell of [...this.#watchers]) tell()
  }

  /** The methods of the service. */
  methods(): ServiceImpl<typeof HealthService> {
    return {
      check: ({ service }) => {
        const status = this.#statusOf(service)
        if (status === Status.SERVICE_UNKNOWN) throw new ConnectError('There is no such service.', Code.NotFound)
        return { status }
      },
      list: () => ({
        statuses: Object.fromEntries([...this.#services].map((name) => [name, { status: this.#statusOf(name) }])),
      }),
      watch: ({ service }, { signal }) => this.#watch(service, signal),
    }
  }

  async *#watch(service: string, signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
    let told: Status | undefined
    while (!signal.aborted) {
      const status = this.#statusOf(service)
      if (status !== told) {
        told = status
        yield create(HealthCheckResponseSchema, { status })
      } else await this.#change(signal)
    }
    if (signal.reason instanceof ConnectError) throw signal.reason
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#watchers.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#watchers.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  #statusOf(service: string): Status {
    if (!this.#services.has(service)) return Status.SERVICE_UNKNOWN
    return this.#stopping || this.#sluice.stats().draining ? Status.NOT_SERVING : Status.SERVING
  }
}
