// Upper tester for MQTT.js: JSON lines on standard input and output, as docs/iut.md says.
import { createInterface } from 'node:readline'
import { connect } from 'mqtt'

let client
const say = (event, more = {}) => process.stdout.write(JSON.stringify({ event, ...more }) + '\n')
const camel = name => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
const bytes = ({ payload, payload_hex: hex }) => hex === undefined ? payload ?? '' : Buffer.from(hex, 'hex')
function properties (given = {}) {
  const { user_property: pairs, ...rest } = given
  const found = Object.fromEntries(Object.entries(rest).map(([name, value]) => [camel(name), value]))
  if (pairs) found.userProperties = Object.fromEntries(pairs)
  for (const name of ['correlationData', 'authenticationData']) if (found[name]) found[name] = Buffer.from(found[name])
  for (const name of ['payloadFormatIndicator', 'requestResponseInformation', 'requestProblemInformation']) if (name in found) found[name] = !!found[name]
  return Object.keys(found).length ? found : undefined
}

const doing = {
  connect: (c, answer) => {
    client = connect({
      host: c.host, port: c.port, protocolVersion: c.version ?? 5, clientId: c.client_id, clean: c.clean_start ?? true,
      keepalive: c.keep_alive ?? 60, username: c.username, password: c.password, reconnectPeriod: 0, resubscribe: false,
      will: c.will && { ...c.will, payload: bytes(c.will), properties: properties(c.will.properties) },
      properties: properties(c.properties)
    })
    client.on('connect', packet => say('connected', { session_present: packet.sessionPresent, reason_code: packet.reasonCode ?? packet.returnCode }))
    client.on('message', (topic, payload, { qos, retain }) => say('message', { topic, payload_hex: payload.toString('hex'), qos, retain }))
    client.on('error', error => say('error', { do: 'connection', detail: error.message }))
    client.on('close', () => say('closed', { detail: '' }))
    answer()
  },
  publish: (c, answer) => client.publish(c.topic, bytes(c), { qos: c.qos ?? 0, retain: !!c.retain, properties: properties(c.properties) }, answer),
  subscribe: (c, answer) => client.subscribe(c.filter, { qos: c.qos ?? 0, nl: !!c.no_local, rap: !!c.retain_as_published, rh: c.retain_handling ?? 0, properties: properties(c.properties) }, answer),
  unsubscribe: (c, answer) => client.unsubscribe(c.filter, { properties: properties(c.properties) }, answer),
  disconnect: (c, answer) => client.end(false, {}, answer)
}
createInterface({ input: process.stdin }).on('line', line => {
  const command = JSON.parse(line)
  const answer = error => error ? say('error', { do: command.do, detail: error.message }) : say('done', { do: command.do })
  try { doing[command.do](command, answer) } catch (error) { answer(error) }
}).on('close', () => process.exit(0))
