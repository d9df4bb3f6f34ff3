import { isSluiceError } from '@sluice/core'
import { parseGatewayOptions } from '../../src/options/options.ts'

/** Why options are refused, which they must be. */
export function refusal(argv: readonly string[], env: Record<string, string> = {}): string {
  try {
    parseGatewayOptions(argv, env)
  } catch (error) {
    if (isSluiceError(error) && error.code === 'SLUICE_ERR_OPTION') return error.message
    throw error
  }
  throw new Error(`accepted: ${argv.join(' ')}`)
}
