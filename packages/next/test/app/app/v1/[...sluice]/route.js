import { streams } from '../../../lib/streams.js'

export const { GET, POST, DELETE } = streams
