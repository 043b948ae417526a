// Reads "<version> <hex>" lines; answers "accept" or "reject <why>" for each.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const mqtt = createRequire(process.cwd() + '/')('mqtt-packet')

function judge (version, bytes) {
  const parser = mqtt.parser({ protocolVersion: Number(version) })
  let packets = 0
  let error = null
  parser.on('packet', () => packets++)
  parser.on('error', (e) => { error ??= e })
  try {
    parser.parse(bytes)
  } catch (e) {
    error = e
  }
  if (error) return 'reject ' + error.message.replaceAll('\n', ' ')
  return packets === 1 ? 'accept' : `reject ${packets} packets`
}

for await (const line of createInterface({ input: process.stdin })) {
  const [version, hex] = line.split(' ')
  process.stdout.write(judge(version, Buffer.from(hex, 'hex')) + '\n')
}
