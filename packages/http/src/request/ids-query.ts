import { SluiceError } from '@sluice/core'

import type { HttpRequest } from './http-request.ts'

const ANSWERS: Readonly<Record<string, boolean>> = { 1: true, true: true, 0: false, false: false }

/**
 * Whether the query asks for ids on a wire that has none else: `?ids=1`. `undefined` where it does not say.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function readIdsQuery({ query }: Pick<HttpRequest, 'query'>): boolean | undefined {
  const said = query.get('ids')
  if (said === null) return undefined
  const answer = Object.hasOwn(ANSWERS, said) ? ANSWERS[said] : undefined
  if (answer !== undefined) return answer
  throw new SluiceError('SLUICE_ERR_REQUEST', 'The query parameter "ids" must be 1 or 0, true or false.')
}
