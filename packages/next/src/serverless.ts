import type { Sluice } from '@sluice/core'

/** What platforms say of themselves where each instance answers few requests, and is gone soon. */
const SIGNS = { VERCEL: 'Vercel', AWS_LAMBDA_FUNCTION_NAME: 'AWS Lambda', NETLIFY: 'Netlify', K_SERVICE: 'Cloud Run' }

/** Warns where streams are kept in the memory of an instance, and clients that come back may reach another one. */
export function warnOfMemory(
  { shared }: Pick<Sluice, 'shared'>,
  onWarning: (message: string) => void = (message) => process.emitWarning(message, 'SluiceWarning'),
): void {
  if (shared) return
  const platform = Object.entries(SIGNS).find(([name]) => process.env[name] !== undefined)?.[1]
  if (platform === undefined) return
  onWarning(
    `Streams are kept in memory, and ${platform} runs several instances: a client that resumes or cancels may reach one that does not know its stream. Give createSluice a shared store, such as that of @sluice/redis.`,
  )
}
