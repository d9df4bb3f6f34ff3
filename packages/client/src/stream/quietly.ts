/** What listens cannot change a stream: what it throws is reported, where there is somebody to report it to. */
export function quietly(listen: () => void): void {
  try {
    listen()
  } catch (error) {
    globalThis.reportError?.(error)
  }
}
