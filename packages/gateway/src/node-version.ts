/** The oldest Node that runs this, as `engines` of the package says. */
const OLDEST: readonly [major: number, minor: number] = [22, 12]

/** Why this version of Node cannot run the gateway, if it cannot. */
export function refusalOfNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined
  return `sluice-gateway needs Node ${OLDEST.join('.')} or newer and was started with Node ${version}; install a newer one from https://nodejs.org.`
}
