// Reads "<version> <hex>" lines; answers "accept" or "reject <why>" for each. Decodes as the
// broker's Client.ReadPacket does, then validates as the broker does before it acts on a packet.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/mochi-mqtt/server/v2/packets"
)

func body(pk *packets.Packet, rest []byte) error {
	decoders := map[byte]func([]byte) error{
		packets.Connect: pk.ConnectDecode, packets.Connack: pk.ConnackDecode,
		packets.Publish: pk.PublishDecode, packets.Puback: pk.PubackDecode,
		packets.Pubrec: pk.PubrecDecode, packets.Pubrel: pk.PubrelDecode,
		packets.Pubcomp: pk.PubcompDecode, packets.Subscribe: pk.SubscribeDecode,
		packets.Suback: pk.SubackDecode, packets.Unsubscribe: pk.UnsubscribeDecode,
		packets.Unsuback: pk.UnsubackDecode, packets.Pingreq: pk.PingreqDecode,
		packets.Pingresp: pk.PingrespDecode, packets.Disconnect: pk.DisconnectDecode,
		packets.Auth: pk.AuthDecode,
	}
	decode, known := decoders[pk.FixedHeader.Type]
	if !known {
		return errors.New("invalid packet type")
	}
	return decode(rest)
}

func validate(pk *packets.Packet) packets.Code {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return pk.ConnectValidate()
	case packets.Publish:
		return pk.PublishValidate(65535)
	case packets.Subscribe:
		return pk.SubscribeValidate()
	case packets.Unsubscribe:
		return pk.UnsubscribeValidate()
	case packets.Auth:
		return pk.AuthValidate()
	}
	return packets.CodeSuccess
}

func judge(version byte, wire []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic")
		}
	}()
	pk := packets.Packet{ProtocolVersion: version}
	if len(wire) == 0 {
		return errors.New("empty")
	}
	if err := pk.FixedHeader.Decode(wire[0]); err != nil {
		return err
	}
	in := bytes.NewReader(wire[1:])
	remaining, _, err := packets.DecodeLength(in)
	if err != nil {
		return err
	}
	if remaining != in.Len() {
		return errors.New("remaining length")
	}
	pk.FixedHeader.Remaining = remaining
	if err := body(&pk, wire[len(wire)-remaining:]); err != nil {
		return err
	}
	if code := validate(&pk); code != packets.CodeSuccess {
		return code
	}
	return nil
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var version byte
		var text string
		fmt.Sscan(in.Text(), &version, &text)
		wire, _ := hex.DecodeString(text)
		if err := judge(version, wire); err != nil {
			fmt.Println("reject", err)
		} else {
			fmt.Println("accept")
		}
	}
}
