import type { DeliveryPlan } from '@sluice/sse'

/** An answer that is known as a whole. */
export interface BodyPlan {
  status: number
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  /** Text of the body; left out where there is none. */
  body?: string | undefined
}

/** How a request is answered, before anything was sent: with a body, or with a stream that is yet to be delivered. */
export type Plan = BodyPlan | DeliveryPlan

/** Headers of every answer that is not a stream: nobody else may see it, now or later. */
export const BODY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  vary: 'Accept, Authorization, Cookie, Last-Event-ID',
})

/** A body of JSON. */
export function jsonPlan(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): BodyPlan {
  return {
    status,
    headers: { ...BODY_HEADERS, 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  }
}

/** An answer without a body. */
export function emptyPlan(status: number, headers: Readonly<Record<string, string>> = {}): BodyPlan {
  return { status, headers: { ...BODY_HEADERS, ...headers } }
}

/** The same answer with more headers. A deferred delivery stays deferred. */
export function withHeaders<Some extends Plan>(plan: Some, headers: Readonly<Record<string, string>>): Some {
  return { ...plan, headers: { ...plan.headers, ...headers } }
}

/** What a HEAD request gets: the head alone. Nothing was begun, so nothing is to be undone. */
export function headOf({ status, headers }: Plan): BodyPlan {
  return { status, headers }
}
