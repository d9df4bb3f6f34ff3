export { createRandom } from './chaos-conditions.ts'
export { travelTimeMs } from './travel-time.ts'
import type { ChaosConditions } from './chaos-conditions.ts'
import { type ChaosProxy, type ChaosProxyOptions, startChaosProxy } from './chaos-proxy.ts'

/** A kind of network. Both directions have its latency and losses; `up` and `down` are its bandwidths, in bytes a second. */
export interface NetworkLink extends Pick<ChaosConditions, 'latencyMs' | 'jitterMs' | 'lossRate' | 'lossDelayMs'> {
  up?: number | undefined
  down?: number | undefined
}

const MBIT = 125_000

/** Networks that people read on: one way's latency, half of the round trip. */
export const NETWORK_LINKS: Readonly<
  Record<'lan' | 'fibre' | 'wifi' | '4g' | '3g' | 'edge' | 'train' | 'satellite', NetworkLink>
> = {
  lan: { latencyMs: 0.2, jitterMs: 0.1, up: 1_000 * MBIT, down: 1_000 * MBIT },
  fibre: { latencyMs: 4, jitterMs: 1, up: 100 * MBIT, down: 500 * MBIT },
  wifi: { latencyMs: 12, jitterMs: 15, lossRate: 0.002, up: 20 * MBIT, down: 50 * MBIT },
  '4g': { latencyMs: 35, jitterMs: 20, lossRate: 0.005, up: 5 * MBIT, down: 20 * MBIT },
  '3g': { latencyMs: 100, jitterMs: 50, lossRate: 0.01, up: 0.75 * MBIT, down: 1.6 * MBIT },
  edge: { latencyMs: 200, jitterMs: 100, lossRate: 0.01, up: 0.2 * MBIT, down: 0.4 * MBIT },
  train: { latencyMs: 60, jitterMs: 120, lossRate: 0.05, lossDelayMs: 400, up: 1 * MBIT, down: 4 * MBIT },
  satellite: { latencyMs: 300, jitterMs: 20, lossRate: 0.01, up: 3 * MBIT, down: 50 * MBIT },
}

/** Options of {@link startNetworkLink}. */
export interface NetworkLinkOptions extends Pick<ChaosProxyOptions, 'target' | 'listen' | 'seed'> {
  link: keyof typeof NETWORK_LINKS | NetworkLink
}

/**
 * Puts a network between a client and a server on this machine: latency, jitter, bandwidth, and losses, which over TCP are
 * delays. It is a {@link ChaosProxy}, so that it can be cut as well.
 *
 * @example
 * ```ts
 * await using link = await startNetworkLink({ target: { port: 8080 }, link: '4g' })
 * const answer = await fetch(`http://127.0.0.1:${link.port}/v1/streams`)
 * ```
 */
export function startNetworkLink({ link, ...options }: NetworkLinkOptions): Promise<ChaosProxy> {
  const { up, down, ...both } = typeof link === 'string' ? NETWORK_LINKS[link] : link
  return startChaosProxy({
    ...options,
    toServer: { ...both, bytesPerSecond: up },
    toClient: { ...both, bytesPerSecond: down },
  })
}
