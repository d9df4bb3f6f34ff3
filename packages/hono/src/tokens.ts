import { type Sluice, SluiceError, type Source } from '@sluice/core'
import {
  type FetchRequestOptions,
  type Identify,
  planToResponse,
  planTokens,
  type TokensOptions as PlanOptions,
} from '@sluice/http'
import type { Context } from 'hono'

import { answerWith, readContext } from './read-context.ts'

/** Options of {@link tokens}: those of `sluice.start` and of the answer. `as` is who the router's `identify` says, if left out. */
export type TokensOptions = Omit<PlanOptions, 'identify'>

/** What the router leaves for the routes after it. */
export interface RouterParts {
  sluice: Sluice
  identify: Identify<Context>
  /** How a request is read. */
  asked: FetchRequestOptions
}

declare module 'hono' {
  interface ContextVariableMap {
    /** What `tokens` of `@sluice/hono` needs. */
    sluice: RouterParts
  }
}

/**
 * Answers a route with a stream. A request that carries a cursor attaches, and `source` is never called. Headers and cookies
 * that were set on the context go with it.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` where no `sluiceRouter` stands before the route
 * @example
 * ```ts
 * const answer = await tokens(myContext, ({ signal }) => runner.generate(prompt, { signal }))
 * ```
 */
export async function tokens(context: Context, source: Source, options: TokensOptions = {}): Promise<Response> {
  const parts = context.get('sluice') as RouterParts | undefined
  if (!parts) {
    throw new SluiceError('SLUICE_ERR_OPTION', 'There is no sluiceRouter before this route: app.use(sluiceRouter(…)).')
  }
  const { sluice, identify, asked } = parts
  const { stream: _, ...plan } = await planTokens(sluice, readContext(context, asked), source, { ...options, identify })
  return answerWith(context, planToResponse(plan))
}
