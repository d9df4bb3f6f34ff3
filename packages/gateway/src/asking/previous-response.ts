import { type Actor, isSluiceError, type Json, type Sluice } from '@sluice/core'

/**
 * What the backend calls the response that was started here as `id` (`resp_…`), for a request that goes on from it. Nothing for
 * one that is not known, or not the client's: the backend may know it.
 */
export async function backendResponseId(sluice: Sluice, id: string, as: Actor): Promise<string | undefined> {
  const streamId = /^resp_([0-9a-z]{26})$/.exec(id)?.[1]
  if (streamId === undefined) return undefined
  try {
    const { events } = await sluice.transcript({ id: streamId }, { as })
    for (const event of events) {
      const told = event.type === 'data' ? memberOf(memberOf(event.extra, 'openaiResponses'), 'response') : undefined
      const own = memberOf(told, 'id')
      if (typeof own === 'string') return own
    }
  } catch (error) {
    if (!isSluiceError(error)) throw error
  }
  return undefined
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json | undefined })[name]
    : undefined
}
