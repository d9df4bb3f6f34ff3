/** What pages send as their origin that no URL parser gives one: those of apps, extensions and editors. */
const APP_ORIGIN =
  /^(?!https?:|wss?:|ftp:|data:|blob:|javascript:|about:|file:\/\/.)[a-z][a-z\d+.-]*:\/\/[^\s\\/?#@,;"'<>]*$/

/** What pages in a sandbox and from files call themselves. Any page can see to it that it does: it stands for all of them. */
export const NULL_ORIGIN = 'null'

/**
 * Whether `text` is an origin as browsers spell it: `https://app.example`, `capacitor://localhost`,
 * `chrome-extension://<id>`; scheme, host and a port that is not the scheme's own, without a path. Or {@link NULL_ORIGIN}.
 */
export function isOrigin(text: unknown): text is string {
  if (typeof text !== 'string') return false
  if (text === NULL_ORIGIN) return true
  if (APP_ORIGIN.test(text)) return text === text.toLowerCase() && !text.endsWith(':')
  return URL.canParse(text) && new URL(text).origin === text
}
