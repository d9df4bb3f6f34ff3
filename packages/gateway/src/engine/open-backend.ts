import { Backend, type BackendParts } from '../upstream/backend.ts'
import { probeBackend } from '../upstream/backend-probe.ts'
import type { JsonObject } from '@sluice/wires/openai'

import { askedAsChat } from '../asking/chat-translation.ts'
import { createBackendRunner, type RunnerFor } from '../asking/backend-runner.ts'
import { createDemoRunner } from '../demo-runner/demo-runner.ts'
import type { FailureLog } from '../upstream/failure-log.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { keyForUpstream } from '../upstream/backend-key.ts'

/** The backend, where there is one. */
export function openBackend(options: GatewayOptions, parts: Pick<BackendParts, 'log' | 'after'>): Backend | undefined {
  const { upstream, upstreamConnectMs: connectMs } = options
  return upstream === undefined ? undefined : new Backend({ upstream, connectMs, env: process.env, ...parts })
}

/** What makes the answers: the backend, else the demo. */
export function createRunner(
  options: GatewayOptions,
  { backend, failures }: { backend: Backend | undefined; failures: FailureLog },
): RunnerFor {
  const { upstream } = options
  if (backend && upstream !== undefined) return createBackendRunner({ ...options, upstream }, { backend, failures })
  const demo = createDemoRunner()
  return (body, { format = 'chat', itemsOf }) =>
    askedAsChat({ format, body: body as JsonObject, bodyText: undefined, itemsOf }, (chat) =>
      demo.chat(chat.body as Parameters<typeof demo.chat>[0]),
    )
}

/** Finds out whether the backend is there; gives what calls that off. */
export function probe(
  options: GatewayOptions,
  { backend, log, after }: { backend: Backend | undefined } & Pick<BackendParts, 'log' | 'after'>,
): () => void {
  const { upstream, upstreamConnectMs: withinMs } = options
  if (!backend || upstream === undefined) return () => {}
  // With bearer each client has a key of its own, and the gateway none.
  const key = keyForUpstream(options, undefined)
  return probeBackend({ backend, upstream, key, log, withinMs, after })
}
