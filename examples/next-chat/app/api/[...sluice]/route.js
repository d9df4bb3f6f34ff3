import { streams } from '../../../lib/streams.js'

// Clients resume at /api/streams/{id}, and cancel there. Other routes below /api stay what they are.
export const { GET, POST, DELETE } = streams
