-- Says a word on a channel, for whoever listens there.
-- KEYS: 1 a key on the server that has the channel
-- ARGV: 1 channel, 2 word
-- Returns how many clients have received it
return publish(ARGV[1], ARGV[2])
